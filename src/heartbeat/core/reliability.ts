/**
 * What makes a heard message complete and a sent one arrive: requests for missing numbers, acknowledgements, and the
 * answers to the same from the peers (NS_rexmit, NS_nak_rexmit, NS_ackmsg).
 */
import * as lines from '../log-lines.js'
import type { Message } from '../wire/message.js'
import type { Chronicle } from './chronicle.js'
import type { Membership, Peer } from './membership.js'
import { parseDecimal, parseHex, printHex } from './numbers.js'
import type { Sender } from './sender.js'

/** The history holds 500; above these marks the original complains of every message, we once a minute. */
const FILLING_WARN = 375
const FILLING_ERROR = 450

export class Reliability {
  readonly #membership: Membership
  readonly #sender: Sender
  readonly #chronicle: Chronicle

  constructor(membership: Membership, sender: Sender, chronicle: Chronicle) {
    this.#membership = membership
    this.#sender = sender
    this.#chronicle = chronicle
  }

  /** Asks for what is missing from a node, and acknowledges what is complete. */
  tend(peer: Peer, nowMs: number): void {
    for (const { seq, gap } of peer.reception.due(nowMs)) {
      if (gap !== undefined)
        this.#chronicle.log(lines.lostPackets(gap.count, peer.name, gap.last, gap.current))
      const number = String(seq)
      this.#say(['t', 'NS_rexmit'], ['dest', peer.name], ['firstseq', number], ['lastseq', number])
    }
    const ackseq = peer.reception.ackDue()
    if (ackseq !== undefined) this.#say(['t', 'NS_ackmsg'], ['dest', peer.name], ['ackseq', printHex(ackseq)])
  }

  /** Says when nobody acknowledges what we send to living peers. */
  watchHistory(): void {
    const { length } = this.#sender.history
    if (length <= FILLING_WARN || this.#membership.living().length === 0) return
    const level = length > FILLING_ERROR ? 'ERROR' : 'WARN'
    this.#chronicle.logRarely(`history ${level}`, lines.historyFilling(length, level))
  }

  hear(peer: Peer, message: Message, nowMs: number): void {
    if (message.type === 'NS_ackmsg') this.#acknowledged(peer, message)
    else if (message.type === 'NS_rexmit') this.#asked(peer, message, nowMs)
    else if (message.type === 'NS_nak_rexmit') {
      const seq = parseHex(message.text('firstseq'))
      if (seq !== undefined && peer.reception.forget(seq))
        this.#chronicle.log(lines.irretrievablyLost(peer.name, seq))
    }
  }

  #acknowledged(peer: Peer, message: Message): void {
    const ackseq = parseHex(message.text('ackseq'))
    const living = this.#membership.living().map(({ name }) => name)
    if (ackseq !== undefined && this.#sender.history.acknowledge(peer.name, ackseq, living))
      peer.hearsUs = true
  }

  #asked(peer: Peer, message: Message, nowMs: number): void {
    const first = parseDecimal(message.text('firstseq'))
    const last = parseDecimal(message.text('lastseq'))
    if (first === undefined || last === undefined) return
    for (const answer of this.#sender.history.answer(peer.name, first, last, nowMs)) {
      if (answer.kind === 'resend') this.#sender.resend(answer.message)
      else {
        const { seq, info } = answer
        this.#say(['t', 'NS_nak_rexmit'], ['firstseq', printHex(seq)], ['dest', peer.name], ['info', info])
      }
    }
  }

  #say(...pairs: readonly (readonly [string, string])[]): void {
    this.#sender.send(pairs, true)
  }
}
