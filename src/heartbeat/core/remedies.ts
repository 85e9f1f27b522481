/**
 * What a settled node still has to put right: give back a returned peer's groups (auto_failback on), take our own
 * groups when nobody holds them, hand over a class of which a group could not be started here.
 */
import * as lines from '../log-lines.js'
import { type Bits, className, FOREIGN, flip, LOCAL, NONE } from './classes.js'
import type { Ground } from './ground.js'
import type { Standby } from './standby.js'

/** A refused failback is tried again in this rhythm. */
const FAILBACK_AGAIN_MS = 1000
/** Both sides settled and nobody claims our groups for so long: nobody will. */
const ORPHANED_AFTER_MS = 3000
/** The original hands over 30 s after a failed start. Ours goes at once, but then not again sooner than this. */
const HAND_OVER_AGAIN_MS = 30_000
const HAND_OVERS_MAX = 3
/** So long without a failure, and earlier hand-overs are forgotten. */
const FORGIVEN_AFTER_MS = 600_000

export class Remedies {
  #owesFailback = false
  #failbackMs = Number.NEGATIVE_INFINITY
  #orphanSinceMs: number | undefined
  #handOverMs = Number.NEGATIVE_INFINITY
  #handOvers = 0
  readonly #ground: Ground
  readonly #standby: Standby

  constructor(ground: Ground, standby: Standby) {
    this.#ground = ground
    this.#standby = standby
  }

  tookOver(): void {
    this.#owesFailback = true
  }

  /** A peer that starts anew gets its own groups back, and may get those that we could not start. */
  peerStarts(): void {
    this.#owesFailback = true
    this.#handOvers = 0
    this.#handOverMs = Number.NEGATIVE_INFINITY
  }

  /** Called when nothing is in flux here. */
  advance(nowMs: number): void {
    this.#adoptOrphans(nowMs)
    if ((this.#ground.held & FOREIGN) === 0) this.#owesFailback = false
    if (this.#ground.failed.length === 0 && nowMs > this.#handOverMs + FORGIVEN_AFTER_MS) this.#handOvers = 0
    if (this.#ground.isInFlux || !this.#ground.peerIsAlive || !this.#ground.peer.isStable) return
    this.#failBack(nowMs)
    if (!this.#ground.isInFlux) this.#handOver(nowMs)
  }

  nextMs(): number {
    const ground = this.#ground
    const orphan =
      this.#orphanSinceMs === undefined ? Number.POSITIVE_INFINITY : this.#orphanSinceMs + ORPHANED_AFTER_MS
    if (!ground.peerIsAlive || !ground.peer.isStable) return orphan
    const failback = this.#mayFailBack ? this.#failbackMs : Number.POSITIVE_INFINITY
    const handOver = this.#mayHandOver ? this.#handOverMs : Number.POSITIVE_INFINITY
    return Math.min(orphan, failback, handOver)
  }

  get #mayFailBack(): boolean {
    const { config, held, contested } = this.#ground
    return this.#owesFailback && config.autoFailback === 'on' && (held & FOREIGN) !== 0 && contested === NONE
  }

  #failBack(nowMs: number): void {
    if (!this.#mayFailBack || nowMs < this.#failbackMs) return
    this.#failbackMs = nowMs + FAILBACK_AGAIN_MS
    this.#standby.request(FOREIGN, 'auto_failback on')
  }

  #adoptOrphans(nowMs: number): void {
    const ground = this.#ground
    const { peer } = ground
    const isOrphan =
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

  get #failedClass(): Bits {
    let bits: Bits = NONE
    for (const group of this.#ground.failed) bits = (bits | this.#ground.classOf(group)) as Bits
    return (bits & this.#ground.held) as Bits
  }

  get #mayHandOver(): boolean {
    return this.#failedClass !== NONE && this.#handOvers < HAND_OVERS_MAX && this.#ground.contested === NONE
  }

  #handOver(nowMs: number): void {
    if (!this.#mayHandOver || nowMs < this.#handOverMs) return
    const bits = this.#failedClass
    this.#handOverMs = nowMs + HAND_OVER_AGAIN_MS
    this.#handOvers++
    this.#ground.chronicle.log(lines.handingOver(className(bits)))
    this.#standby.request(bits, 'a group could not be started here')
  }
}
