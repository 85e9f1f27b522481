/**
 * What has been heard of one node, packet by packet: generation, highest sequence number, the missing ones. Decides
 * whether a packet is new, late but wanted, double, or refused; what to ask for again; and what to acknowledge.
 *
 * A real node sends the messages of one reaction newest first, so a gap is held silently for a moment: it is spoken
 * of only when it lives to its first request.
 */
import type { Prng } from '../../base/prng.js'

const MISSING_MAX = 500
/** A gap above this is not asked for: the node starts over at the packet at hand. */
const GAP_MAX = 250
/** After a restart of the node, so many packets before the first one that arrives are asked for too. */
const RESTART_GAP_MAX = 32

export interface PacketHead {
  readonly isStatus: boolean
  readonly generation: number
  readonly seq: number
}

export type Judgement =
  /** `restarted`: a new life of the node; `lostALot`: gave up on a big gap; `gapClosed`: nothing is missing now. */
  | {
      readonly verdict: 'accept'
      readonly restarted: boolean
      readonly lostALot: boolean
      readonly gapClosed: boolean
    }
  | { readonly verdict: 'duplicate' }
  | { readonly verdict: 'replay'; readonly current: number }

/** For the log line, said once per gap: the last number before it, the one after it. */
interface Gap {
  readonly before: number
  readonly after: number
  isSaid: boolean
}

interface Missing {
  askAtMs: number
  readonly gap: Gap
}

export interface Request {
  readonly seq: number
  /** Set for the first request of a gap: what to log. */
  readonly gap: { readonly count: number; readonly last: number; readonly current: number } | undefined
}

export class Reception {
  generation: number | undefined
  last = 0
  #first = 0
  #acked = 0
  #spoken = false
  readonly #ackTrigger: number
  readonly #missing = new Map<number, Missing>()
  readonly #rexmitDelayMs: number
  readonly #random: Prng

  constructor(maxRexmitDelayMs: number, random: Prng) {
    this.#rexmitDelayMs = maxRexmitDelayMs
    this.#random = random
    this.#ackTrigger = random.between(0, 9)
  }

  get missing(): number {
    return this.#missing.size
  }

  /** Judges one packet with a sequence number and takes note of it. */
  judge(head: PacketHead, nowMs: number): Judgement {
    if (this.generation !== undefined && head.generation < this.generation)
      return { verdict: 'replay', current: this.generation }
    if (this.generation === undefined) {
      this.#startOver(head)
      return accept({})
    }
    if (head.generation > this.generation) {
      // Only a status may raise the generation.
      if (!head.isStatus) return { verdict: 'duplicate' }
      this.#startOver(head)
      if (head.seq > 1 && head.seq <= RESTART_GAP_MAX) this.#miss(0, head.seq, nowMs)
      return accept({ restarted: true })
    }
    if (head.seq > this.last) return this.#newest(head, nowMs)
    if (!this.#missing.delete(head.seq)) return { verdict: 'duplicate' }
    return accept({ gapClosed: this.#closeGap() })
  }

  /** After a verdict of death: what came in between is not asked for; the next packet counts as the first. */
  startOverAt(seq: number): void {
    this.#missing.clear()
    this.#spoken = false
    this.last = seq - 1
    this.#first = seq
    this.#acked = seq - 1
  }

  /** Numbers to ask for now; each is asked for again after max_rexmit_delay until it arrives. */
  due(nowMs: number): Request[] {
    const requests: Request[] = []
    for (const [seq, missing] of this.#missing) {
      if (missing.askAtMs > nowMs) continue
      missing.askAtMs = nowMs + this.#rexmitDelayMs
      const { gap } = missing
      const count = gap.after - gap.before - 1
      requests.push({
        seq,
        gap: gap.isSaid ? undefined : { count, last: gap.before, current: gap.after },
      })
      gap.isSaid = true
      this.#spoken = true
    }
    return requests
  }

  /** The sender no longer has it. True when it was missing. */
  forget(seq: number): boolean {
    const was = this.#missing.delete(seq)
    if (was) this.#closeGap()
    return was
  }

  nextRequestMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { askAtMs } of this.#missing.values()) next = Math.min(next, askAtMs)
    return next
  }

  /** The number to acknowledge now, if any: the highest on the trigger with nothing older missing. */
  ackDue(): number | undefined {
    let floor = this.last
    for (const seq of this.#missing.keys()) floor = Math.min(floor, seq - 1)
    const point = floor - ((((floor - this.#ackTrigger) % 10) + 10) % 10)
    if (point < 1 || point < this.#first || point <= this.#acked) return undefined
    this.#acked = point
    return point
  }

  #startOver(head: PacketHead): void {
    this.generation = head.generation
    this.startOverAt(head.seq)
    this.last = head.seq
  }

  #newest(head: PacketHead, nowMs: number): Judgement {
    const skipped = head.seq - this.last - 1
    if (skipped + this.#missing.size > GAP_MAX) {
      this.startOverAt(head.seq)
      this.last = head.seq
      return accept({ lostALot: true })
    }
    if (skipped > 0) this.#miss(this.last, head.seq, nowMs)
    this.last = head.seq
    return accept({})
  }

  #miss(before: number, after: number, nowMs: number): void {
    if (before === 0) this.#first = 1
    if (before === 0) this.#acked = 0
    const gap: Gap = { before, after, isSaid: false }
    const shortest = this.#rexmitDelayMs < 100 ? 0 : 50
    for (let seq = before + 1; seq < after && this.#missing.size < MISSING_MAX; seq++) {
      const askAtMs = nowMs + this.#random.between(shortest, this.#rexmitDelayMs)
      this.#missing.set(seq, { askAtMs, gap })
    }
  }

  /** True when the last missing packet of a gap that was spoken of has come. */
  #closeGap(): boolean {
    if (this.#missing.size > 0 || !this.#spoken) return false
    this.#spoken = false
    return true
  }
}

function accept(what: { restarted?: boolean; lostALot?: boolean; gapClosed?: boolean }): Judgement {
  return {
    verdict: 'accept',
    restarted: what.restarted ?? false,
    lostALot: what.lostALot ?? false,
    gapClosed: what.gapClosed ?? false,
  }
}
