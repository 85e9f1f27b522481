/**
 * Packets that were not accepted, counted per sending address: one line for the first, then at most one a minute with
 * the count. Neither the packet nor a digest is ever shown. A flood from many addresses shares one row.
 */
import type { PacketFault } from './packet.js'

const QUIET_MS = 60_000
const ADDRESSES_MAX = 64
const OTHERS = 'other addresses'

interface Row {
  saidAtMs: number
  since: number
}

export class RefusedPackets {
  /** All that were refused since the start, by reason. */
  readonly counts: Record<PacketFault, number> = {
    ...{ foreign: 0, malformed: 0, unsigned: 0, 'unknown-key': 0, 'wrong-digest': 0 },
  }
  readonly #rows = new Map<string, Row>()

  /** The line to log now, or null. */
  note(address: string, fault: PacketFault, reason: string, nowMs: number): string | null {
    this.counts[fault]++
    const known = this.#rows.has(address) || this.#rows.size < ADDRESSES_MAX
    const subject = known ? address : OTHERS
    const row = this.#rows.get(subject)
    if (!row) {
      this.#rows.set(subject, { saidAtMs: nowMs, since: 0 })
      return `packet from ${subject} refused: ${reason}`
    }
    row.since++
    if (nowMs - row.saidAtMs < QUIET_MS) return null
    const line = `${row.since} packets from ${subject} refused since the last report: ${reason}`
    row.saidAtMs = nowMs
    row.since = 0
    return line
  }
}
