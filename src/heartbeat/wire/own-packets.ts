/**
 * The datagrams that we sent last. Broadcast, multicast and a ucast line with our own address bring them back to us;
 * what is the same to the last byte need not be decoded and verified again, on every beat of every link.
 */
import type { Message } from './message.js'

/** The packets of a few beats: later ones come back as late as a stranger's would. */
const KEPT_MAX = 16
const DIGITS_LOOKED_AT = 5

export class OwnPackets {
  readonly #sent: { readonly datagram: Uint8Array; readonly message: Message }[] = []

  sent(datagram: Uint8Array, message: Message): void {
    this.#sent.push({ datagram, message })
    if (this.#sent.length > KEPT_MAX) this.#sent.shift()
  }

  /** The message of this datagram when it is one of ours; the newest is the likeliest. */
  find(datagram: Uint8Array): Message | undefined {
    for (let at = this.#sent.length - 1; at >= 0; at--) {
      const { datagram: ours, message } = this.#sent[at]!
      if (hasSameEnd(ours, datagram) && Buffer.compare(ours, datagram) === 0) return message
    }
    return undefined
  }
}

/** A datagram ends with its digest and a comma: one that is not ours differs within its last digits. */
function hasSameEnd(ours: Uint8Array, other: Uint8Array): boolean {
  const { length } = ours
  if (length !== other.length) return false
  for (let back = 2; back <= DIGITS_LOOKED_AT && back <= length; back++)
    if (ours[length - back] !== other[length - back]) return false
  return true
}
