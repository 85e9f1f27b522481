/**
 * What a settled node still has to put right: give back a returned peer's groups (auto_failback on), and take our own
 * groups when nobody holds them.
 */
import * as lines from '../log-lines.js'
import { FOREIGN, flip, LOCAL, NONE } from './classes.js'
import { Failures } from './failures.js'
import type { Ground } from './ground.js'
import type { Standby } from './standby.js'

/** A refused failback is tried again in this rhythm. */
const FAILBACK_AGAIN_MS = 1000
/** Both sides settled and nobody claims our groups for so long: nobody will. */
const ORPHANED_AFTER_MS = 3000
const NEVER = Number.POSITIVE_INFINITY

export class Remedies {
  #owesFailback = false
  #failbackMs = Number.NEGATIVE_INFINITY
  #orphanSinceMs: number | undefined
  readonly #failures: Failures
  readonly #ground: Ground
  readonly #standby: Standby

  constructor(ground: Ground, standby: Standby) {
    this.#ground = ground
    this.#standby = standby
    this.#failures = new Failures(ground, standby)
  }

  tookOver(): void {
    this.#owesFailback = true
  }

  /** A peer that starts anew gets its own groups back, and may get those that we could not start. */
  peerStarts(): void {
    this.#owesFailback = true
    this.#failures.forgive()
  }

  /** Called when nothing is in flux here; each remedy may bring us into flux. */
  advance(nowMs: number): void {
    if ((this.#ground.held & FOREIGN) === 0) this.#owesFailback = false
    this.#adoptOrphans(nowMs)
    if (!this.#ground.isInFlux && nowMs >= this.#failbackDueMs) this.#failBack(nowMs)
    if (!this.#ground.isInFlux) this.#failures.advance(nowMs)
  }

  nextMs(): number {
    const orphan = this.#orphanSinceMs === undefined ? NEVER : this.#orphanSinceMs + ORPHANED_AFTER_MS
    return Math.min(orphan, this.#failbackDueMs, this.#failures.nextMs())
  }

  get #failbackDueMs(): number {
    const { config, held, contested, peerIsAlive, peer } = this.#ground
    const isDue =
      this.#owesFailback &&
      config.autoFailback === 'on' &&
      (held & FOREIGN) !== 0 &&
      contested === NONE &&
      peerIsAlive &&
      peer.isStable
    return isDue ? this.#failbackMs : NEVER
  }

  #failBack(nowMs: number): void {
    this.#failbackMs = nowMs + FAILBACK_AGAIN_MS
    this.#standby.request(FOREIGN, 'auto_failback on')
  }

  #adoptOrphans(nowMs: number): void {
    const ground = this.#ground
    const { peer } = ground
    const isOrphan =
      !ground.isLegacy &&
      (ground.held & LOCAL) === 0 &&
      (flip(peer.held) & LOCAL) === 0 &&
      ground.peerIsAlive &&
      peer.hasClaimed &&
      peer.isStable
    if (!isOrphan) {
      this.#orphanSinceMs = undefined
      return
    }
    this.#orphanSinceMs ??= nowMs
    if (nowMs - this.#orphanSinceMs < ORPHANED_AFTER_MS) return
    this.#orphanSinceMs = undefined
    ground.chronicle.log(lines.orphan())
    ground.hold(LOCAL, 'nobody held them')
    ground.announce(true)
    ground.jobs.add({
      what: 'takeLocal',
      bits: LOCAL,
      node: ground.us,
      why: 'nobody held them',
      whenEnded: failed => ground.noteStarts(LOCAL, failed),
    })
  }
}
