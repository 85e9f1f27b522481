/**
 * When both nodes hold the same groups, as after a partition or a long pause of one of them: who yields?
 *
 * Both Systole: one that did not run for longer than deadtime yields all of it, since the other served meanwhile. Else the one that reaches fewer ping nodes yields all of it; at equal reach the preferred owner keeps its
 * own lines and yields the others. Each claim is announced to the other, so both come to the same end without a word
 * more, and what the winner runs never stops.
 * The peer is heartbeat 3.0.6: as a rule it releases everything and restarts within about 2 s, so we wait. Where it does
 * not (it was the one that paused), we yield what it claims. We never restart.
 */
import * as lines from '../log-lines.js'
import { type Bits, className, common, FOREIGN, NONE } from './classes.js'
import type { Ground } from './ground.js'

/** Longer than the 2 s after which heartbeat 3.0.6 shuts itself down, with some time for its scripts' first words. */
const ORIGINAL_YIELDS_WITHIN_MS = 5000
/** A conflict that goes on is announced again in this rhythm. */
const ANNOUNCE_EVERY_MS = 2000

export class Partition {
  #sinceMs: number | undefined
  #announceMs = Number.NEGATIVE_INFINITY
  readonly #ground: Ground
  readonly #onContested: () => void

  constructor(ground: Ground, onContested: () => void) {
    this.#ground = ground
    this.#onContested = onContested
  }

  /** Called when nothing is in flux here. */
  advance(nowMs: number): void {
    const ground = this.#ground
    const contested = ground.contested
    if (contested === NONE || !ground.peerIsAlive) {
      this.#sinceMs = undefined
      return
    }
    // As long as there is something to settle we are the one who slept.
    if (ground.isInDoubt) ground.doubt()
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs
      this.#onContested()
      this.#announceMs = Number.NEGATIVE_INFINITY
      if (contested & 1) ground.chronicle.log(lines.bothOwn('our'))
      if (contested & 2) ground.chronicle.log(lines.bothOwn('foreign'))
      ground.chronicle.decide(
        ground.us,
        `both nodes hold ${className(contested)}`,
        `${ground.peerName} says so`,
      )
    }
    if (nowMs >= this.#announceMs + ANNOUNCE_EVERY_MS) {
      this.#announceMs = nowMs
      ground.announceToSystole(true)
    }
    const yields = this.#share(contested, nowMs)
    if (yields !== NONE) this.#yield(yields)
  }

  nextMs(): number {
    if (this.#sinceMs === undefined) return Number.POSITIVE_INFINITY
    const patience = this.#sinceMs + ORIGINAL_YIELDS_WITHIN_MS
    const again = this.#announceMs + ANNOUNCE_EVERY_MS
    return Math.min(again, this.#ground.peer.isSystole ? again : Math.max(patience, this.#ground.nowMs))
  }

  #share(contested: Bits, nowMs: number): Bits {
    const { peer, membership, config } = this.#ground
    if (!peer.isSystole) return nowMs - this.#sinceMs! >= ORIGINAL_YIELDS_WITHIN_MS ? contested : NONE
    if (peer.claimIsOld) return NONE
    if (this.#ground.isInDoubt !== peer.isInDoubt) return peer.isInDoubt ? NONE : contested
    // Who has nobody to ping, or cannot, has lost nobody either.
    const isCompared = config.pingNodes.length > 0 && peer.reachablePings !== undefined
    const reach = isCompared ? membership.reachablePings() - (peer.reachablePings ?? 0) : 0
    if (reach < 0) return contested
    if (reach > 0) return NONE
    return common(contested, FOREIGN)
  }

  #yield(bits: Bits): void {
    const ground = this.#ground
    ground.chronicle.log(lines.yielding(className(bits), ground.peerName))
    ground.release(bits, `both nodes held them, ${ground.peerName} keeps them`)
    ground.announce(false, 'yield')
    ground.jobs.add({
      what: 'give',
      bits,
      node: ground.us,
      why: 'both nodes held them',
      whenEnded: failed => ground.noteStops(bits, failed),
    })
  }
}
