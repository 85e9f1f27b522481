/**
 * The graceful stop: wait until nothing is in flux, say that we hold nothing, release every group, say shutdone, and
 * stay a moment, so that a peer which lost the message can ask for it again.
 */
import * as lines from '../log-lines.js'
import { ALL, NONE } from './classes.js'
import type { ClusterStatus, GroupName } from './contract.js'
import type { Ground } from './ground.js'

const LINGER_MS = 1000
const RELEASE_AGAIN_MS = 10_000
/** After so many tries to release, we leave without shutdone: the peer takes over when it misses us. */
const TRIES_MAX = 6

export class Departure {
  phase: ClusterStatus['shutdown'] = 'no'
  #tries = 0
  #atMs = Number.POSITIVE_INFINITY
  readonly #ground: Ground
  readonly #hasten: () => void

  constructor(ground: Ground, hasten: () => void) {
    this.#ground = ground
    this.#hasten = hasten
  }

  /** SIGTERM. Asking twice is harmless. */
  request(): void {
    if (this.phase === 'no') this.phase = 'delayed'
    else return
    if (this.#mustWait) this.#ground.chronicle.log(lines.shutdownDelayed())
  }

  /** Called after each event: goes on when nothing stands in the way any more. */
  advance(nowMs: number): void {
    if (this.phase === 'delayed' && !this.#mustWait) this.#begin()
    if (this.phase === 'releasing' && nowMs >= this.#atMs) this.#release()
    if (this.phase === 'leaving' && (nowMs >= this.#atMs || !this.#ground.peerIsAlive)) this.#end()
  }

  nextMs(): number {
    return this.#atMs
  }

  get #mustWait(): boolean {
    return this.#ground.standbyIsRunning || !this.#ground.jobs.isIdle
  }

  #begin(): void {
    const ground = this.#ground
    const wasUp = ground.state !== 'init'
    ground.chronicle.log(lines.shutdownInProgress(ground.config.pid ?? 0))
    ground.chronicle.decide(ground.us, 'stops', 'asked to stop')
    ground.state = 'shutdown'
    if (!wasUp && ground.held === NONE) {
      this.#leave()
      return
    }
    ground.release(ALL, 'stop')
    if (!ground.isLegacy && ground.config.manageResources) ground.announce(false, 'shutdown')
    this.phase = 'releasing'
    if (ground.config.manageResources) this.#release()
    else this.#leave()
  }

  #release(): void {
    const ground = this.#ground
    this.#atMs = Number.POSITIVE_INFINITY
    this.#tries++
    ground.chronicle.log(lines.givingUpAll())
    ground.jobs.add({
      what: 'giveAll',
      bits: ALL,
      node: ground.us,
      why: 'stop',
      whenEnded: failed => this.#released(failed),
    })
  }

  #released(failed: readonly GroupName[]): void {
    const { chronicle, nowMs } = this.#ground
    this.#ground.noteStops(ALL, failed)
    if (failed.length === 0) {
      chronicle.log(lines.allRelinquished())
      this.#leave()
      return
    }
    if (this.#tries >= TRIES_MAX) this.#end()
    else this.#atMs = nowMs + RELEASE_AGAIN_MS
  }

  #leave(): void {
    this.#ground.say(['t', 'shutdone'], ['st', 'dead'])
    this.phase = 'leaving'
    this.#atMs = this.#ground.nowMs + LINGER_MS
    this.#hasten()
  }

  #end(): void {
    this.phase = 'done'
    this.#atMs = Number.POSITIVE_INFINITY
    this.#ground.chronicle.log(lines.shutdownComplete(this.#ground.us))
    this.#ground.chronicle.push({ kind: 'stopped' })
  }
}
