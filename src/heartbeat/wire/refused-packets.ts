/**
 * Packets that were not accepted, counted per sending address: one line for the first, then at most one a minute with
 * the count. Neither the packet nor a digest is ever shown. A flood from many addresses shares one row.
 */
import { Rarely } from '../../base/rarely.js'
import type { PacketFault } from './packet.js'

export class RefusedPackets {
  /** All that were refused since the start, by reason. */
  readonly counts: Record<PacketFault, number> = {
    ...{ foreign: 0, malformed: 0, unsigned: 0, 'unknown-key': 0, 'wrong-digest': 0 },
  }
  readonly #rarely = new Rarely()

  /** The line to log now, or null. */
  note(address: string, fault: PacketFault, reason: string, nowMs: number): string | null {
    this.counts[fault]++
    const said = this.#rarely.note(address, nowMs)
    if (said === null) return null
    const { subject, times } = said
    if (times === 1) return `packet from ${subject} refused: ${reason}`
    return `${times} packets from ${subject} refused since the last report: ${reason}`
  }
}
