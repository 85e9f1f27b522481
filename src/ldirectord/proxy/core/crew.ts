/**
 * How many workers accept connections. A further one pays only where a processor is free for it: on a full machine two
 * workers share the same news, wake up more often and carry less than one. So one begins; another joins when those at
 * work hardly rest and the machine has a processor to spare, and rests when fewer could do the work for a while.
 */

/** What was counted until now. */
export interface CrewSample {
  readonly atMs: number
  /** Time that all workers together did not wait for news. */
  readonly busyMs: number
  /** Time that all processors together were idle; null: this machine does not tell. Asked only of full workers. */
  readonly idleMs: () => number | null
}

interface Look {
  readonly atMs: number
  readonly busyMs: number
  /** undefined: not asked, since the workers were not full. */
  readonly idleMs: number | null | undefined
}

/** Share of its time that each worker is busy before another joins. */
const BUSY_FULL = 0.85
/** Processors that are idle before another joins. */
const IDLE_ENOUGH = 0.5
/** Share of their time that the others would be busy after one rests. */
const BUSY_WITHOUT_ONE = 0.6
/** How long that must hold. */
const REST_AFTER_MS = 10_000

export class Crew {
  readonly #least: number
  #most: number
  #atWork: number
  #last: Look | null = null
  /** Since when one fewer would do. */
  #easySinceMs: number | null = null

  constructor(least: number, most: number) {
    this.#least = least
    this.#most = most
    this.#atWork = this.#within(least)
  }

  get atWork(): number {
    return this.#atWork
  }

  /** At most so many from now on. */
  limit(most: number): void {
    this.#most = most
    this.#atWork = this.#within(this.#atWork)
  }

  /** Gives how many shall accept from now on. */
  look({ atMs, busyMs, idleMs }: CrewSample): number {
    const last = this.#last
    const tookMs = last ? atMs - last.atMs : 0
    const busy = last && tookMs > 0 ? (busyMs - last.busyMs) / tookMs : 0
    const isFull = this.#atWork < this.#most && busy >= BUSY_FULL * this.#atWork
    this.#last = { atMs, busyMs, idleMs: isFull ? idleMs() : undefined }
    if (isFull && last && idleBetween(last, this.#last) >= IDLE_ENOUGH) this.#atWork++
    else if (last && this.#wasEasy(atMs, busy)) this.#atWork = this.#within(this.#atWork - 1)
    return this.#atWork
  }

  #wasEasy(nowMs: number, busy: number): boolean {
    if (busy > BUSY_WITHOUT_ONE * (this.#atWork - 1)) {
      this.#easySinceMs = null
      return false
    }
    this.#easySinceMs ??= nowMs
    if (nowMs - this.#easySinceMs < REST_AFTER_MS) return false
    this.#easySinceMs = null
    return true
  }

  #within(count: number): number {
    return Math.max(1, Math.min(Math.max(this.#least, count), this.#most))
  }
}

/** Processors that were idle; full workers are reason enough where this is not told. */
function idleBetween(from: Look, to: Look): number {
  if (from.idleMs === undefined || to.idleMs === undefined) return 0
  if (from.idleMs === null || to.idleMs === null) return IDLE_ENOUGH
  return (to.idleMs - from.idleMs) / (to.atMs - from.atMs)
}
