/**
 * The sender's memory: the last messages with a sequence number, kept until every living peer has acknowledged them,
 * at most 500. Answers a peer's request with the identical message, with "no longer known", or with silence when the
 * same was resent just now.
 */
import type { Message } from '../wire/message.js'

const HISTORY_MAX = 500
/** A request names a range; no more than this is answered at once. */
const BATCH_MAX = 50

interface Sent {
  readonly message: Message
  resentAtMs: number
}

export type Answer =
  | { readonly kind: 'resend'; readonly message: Message }
  | { readonly kind: 'unknown'; readonly seq: number; readonly info: string }

export class History {
  #highest = 0
  readonly #sent = new Map<number, Sent>()
  readonly #ackedBy = new Map<string, number>()
  readonly #ignoreMs: number

  constructor(maxRexmitDelayMs: number) {
    this.#ignoreMs = Math.max(0, maxRexmitDelayMs - 10)
  }

  get length(): number {
    return this.#sent.size
  }

  remember(seq: number, message: Message): void {
    this.#highest = seq
    this.#sent.set(seq, { message, resentAtMs: Number.NEGATIVE_INFINITY })
    if (this.#sent.size > HISTORY_MAX) this.#sent.delete(this.#sent.keys().next().value!)
  }

  /** A node has all up to `seq`. False for a number that we never sent. */
  acknowledge(node: string, seq: number, living: readonly string[]): boolean {
    if (seq > this.#highest) return false
    this.#ackedBy.set(node, Math.max(seq, this.#ackedBy.get(node) ?? 0))
    const lowest = Math.min(...living.map(name => this.#ackedBy.get(name) ?? 0))
    if (!Number.isFinite(lowest)) return true
    for (const known of this.#sent.keys()) {
      if (known > lowest) break
      this.#sent.delete(known)
    }
    return true
  }

  /** A new life of the node has acknowledged nothing yet. */
  forgetNode(node: string): void {
    this.#ackedBy.delete(node)
  }

  answer(node: string, first: number, last: number, nowMs: number): Answer[] {
    const answers: Answer[] = []
    const end = Math.min(last, first + BATCH_MAX - 1, this.#highest)
    for (let seq = first; seq <= end; seq++) {
      const sent = this.#sent.get(seq)
      if (sent === undefined) {
        if (seq > (this.#ackedBy.get(node) ?? 0))
          answers.push({ kind: 'unknown', seq, info: 'seqno too low' })
        continue
      }
      if (nowMs - sent.resentAtMs < this.#ignoreMs) continue
      sent.resentAtMs = nowMs
      answers.push({ kind: 'resend', message: sent.message })
    }
    return answers
  }
}
