/**
 * Groups that failed to start or to stop. A class with a group that could not be started is handed over to the peer,
 * at once the first two times (the original waits 30 s and names the wrong class for groups of two or more resources);
 * where there is nobody to take it the start is tried again. A group that could not be stopped is stopped again until
 * it is gone. Everything within limits, after which it stays visible as failed.
 */
import * as lines from '../log-lines.js'
import { type Bits, className, common, FOREIGN, LOCAL, NONE, without } from './classes.js'
import type { Ground } from './ground.js'
import type { Standby } from './standby.js'

const HAND_OVER_AGAIN_MS = 30_000
const HAND_OVERS_MAX = 3
/** So many are not held up: the peer may have served well since. Two nodes that both fail pass a group on only so often. */
const HAND_OVERS_AT_ONCE = 2
const START_AGAIN_MS = 30_000
const STARTS_MAX = 10
const STOP_AGAIN_MS = 10_000
const STOPS_MAX = 360
/** So long without a failure, and earlier ones are forgotten. */
const FORGIVEN_AFTER_MS = 600_000
const NEVER = Number.POSITIVE_INFINITY
const AT_ONCE = Number.NEGATIVE_INFINITY

export class Failures {
  #handOverMs = AT_ONCE
  #handOvers = 0
  #startAgainMs: number | undefined
  #starts = 0
  #stopAgainMs: number | undefined
  #stops = 0
  #lastFailureMs = AT_ONCE
  readonly #ground: Ground
  readonly #standby: Standby

  constructor(ground: Ground, standby: Standby) {
    this.#ground = ground
    this.#standby = standby
  }

  /** The peer has started anew: what was in vain before may now succeed. */
  forgive(): void {
    this.#handOvers = 0
    this.#handOverMs = AT_ONCE
    this.#starts = 0
    this.#stops = 0
  }

  /** Called when nothing is in flux here. */
  advance(nowMs: number): void {
    const failed = this.#failedBits
    if (failed === NONE) {
      this.#startAgainMs = undefined
      this.#stopAgainMs = undefined
      if (nowMs > this.#lastFailureMs + FORGIVEN_AFTER_MS) this.forgive()
      return
    }
    this.#lastFailureMs = nowMs
    const unstarted = common(failed, this.#ground.held)
    const unstopped = without(failed, this.#ground.held)
    if (unstarted !== NONE) this.#mendStart(unstarted, nowMs)
    if (unstopped !== NONE && !this.#ground.isInFlux) this.#mendStop(unstopped, nowMs)
  }

  nextMs(): number {
    const failed = this.#failedBits
    if (failed === NONE) return NEVER
    const unstarted = common(failed, this.#ground.held) !== NONE
    const handOver = unstarted && this.#canHandOver ? this.#handOverMs : NEVER
    return Math.min(handOver, this.#startAgainMs ?? NEVER, this.#stopAgainMs ?? NEVER)
  }

  get #failedBits(): Bits {
    let bits: Bits = NONE
    for (const group of this.#ground.failed) bits = (bits | this.#ground.classOf(group)) as Bits
    return bits
  }

  get #canHandOver(): boolean {
    const { peerIsAlive, peer, contested, isLegacy } = this.#ground
    return !isLegacy && peerIsAlive && peer.isStable && contested === NONE && this.#handOvers < HAND_OVERS_MAX
  }

  #mendStart(bits: Bits, nowMs: number): void {
    if (this.#canHandOver && nowMs >= this.#handOverMs) {
      this.#handOvers++
      this.#handOverMs = this.#handOvers < HAND_OVERS_AT_ONCE ? nowMs : nowMs + HAND_OVER_AGAIN_MS
      this.#ground.chronicle.log(lines.handingOver(className(bits)))
      this.#standby.request(bits, 'a group failed here')
      return
    }
    this.#startAgainMs ??= nowMs + START_AGAIN_MS
    if (nowMs < this.#startAgainMs) return
    this.#starts++
    this.#startAgainMs = this.#starts < STARTS_MAX ? nowMs + START_AGAIN_MS : NEVER
    this.#start(common(bits, LOCAL))
    this.#start(common(bits, FOREIGN))
  }

  #start(bits: Bits): void {
    if (bits === NONE) return
    const ground = this.#ground
    ground.jobs.add({
      what: bits === LOCAL ? 'takeLocal' : 'take',
      bits,
      node: ground.us,
      why: 'the last start failed',
      whenEnded: failed => ground.noteStarts(bits, failed),
    })
  }

  #mendStop(bits: Bits, nowMs: number): void {
    this.#stopAgainMs ??= nowMs + STOP_AGAIN_MS
    if (nowMs < this.#stopAgainMs) return
    this.#stops++
    this.#stopAgainMs = this.#stops < STOPS_MAX ? nowMs + STOP_AGAIN_MS : NEVER
    const ground = this.#ground
    ground.jobs.add({
      what: 'give',
      bits,
      node: ground.us,
      why: 'the last stop failed',
      whenEnded: failed => ground.noteStops(bits, failed),
    })
  }
}
