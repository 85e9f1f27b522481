/**
 * Spares the work of judging a flood: an address with many refused packets in this second is not listened to for the
 * rest of it. An address that has ever sent an accepted packet is always listened to, since anybody can forge it; so is
 * whoever comes when the table is full.
 */

/** A few milliseconds of work. */
export const REFUSED_PER_SECOND = 200
const ADDRESSES_MAX = 256
const FRIENDS_MAX = 64
const WINDOW_MS = 1_000

export class FloodGuard {
  /** Packets that nobody has looked at. */
  ignored = 0
  readonly #friends = new Set<string>()
  readonly #refused = new Map<string, number>()
  #windowEndsMs = Number.NEGATIVE_INFINITY

  ignores(address: string, nowMs: number): boolean {
    if (nowMs >= this.#windowEndsMs) {
      this.#refused.clear()
      this.#windowEndsMs = nowMs + WINDOW_MS
    }
    const isFlood = (this.#refused.get(address) ?? 0) >= REFUSED_PER_SECOND
    if (isFlood) this.ignored++
    return isFlood
  }

  refused(address: string): void {
    if (this.#friends.has(address)) return
    const count = this.#refused.get(address)
    if (count !== undefined || this.#refused.size < ADDRESSES_MAX)
      this.#refused.set(address, (count ?? 0) + 1)
  }

  accepted(address: string): void {
    if (this.#friends.size < FRIENDS_MAX) this.#friends.add(address)
    this.#refused.delete(address)
  }
}
