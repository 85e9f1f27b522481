/** How often something may happen: so many times at once, then at a rate. Time is handed in, in milliseconds. */

export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  #left: number
  #atMs: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#left = burst
    this.#atMs = nowMs
  }

  allows(nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** Takes what has happened already, also more than there is; the milliseconds until the debt is paid. */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs)
    this.#left -= count
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left * 1000) / this.#perSecond)
  }

  #fill(nowMs: number): void {
    const gained = (Math.max(0, nowMs - this.#atMs) * this.#perSecond) / 1000
    this.#left = Math.min(this.#burst, this.#left + gained)
    this.#atMs = nowMs
  }
}
