/**
 * The datagrams that we sent last. Broadcast, multicast and a ucast line with our own address bring them back to us;
 * what is the same to the last byte need not be decoded and verified again, on every beat of every link.
 */
import type { Message } from './message.js'

/** The packets of a few beats: later ones come back as late as a stranger's would. */
const KEPT_MAX = 16

export class OwnPackets {
  readonly #sent: { readonly datagram: Uint8Array; readonly message: Message }[] = []

  sent(datagram: Uint8Array, message: Message): void {
    this.#sent.push({ datagram, message })
    if (this.#sent.length > KEPT_MAX) this.#sent.shift()
  }

  /** The message of this datagram when it is one of ours; the newest is the likeliest. */
  find(datagram: Uint8Array): Message | undefined {
    return this.#sent.findLast(
      ours => ours.datagram.length === datagram.length && Buffer.compare(ours.datagram, datagram) === 0,
    )?.message
  }
}
