/**
 * When each check is due. All run side by side, but never one of them twice at a time, and never more than a limit at
 * once. The next start is one period after the last start, or right after the end of a check that took longer, so a
 * slow server delays nobody and checkinterval-after-the-end (the original's rule) is the upper bound.
 *
 * After the first round the starts are spread over the period in groups on a coarse tick: one timer wakes for a group
 * of checks, which costs far less than one timer each, and no burst of thousands builds up.
 */

export interface ScheduledCheck {
  readonly id: string
  readonly periodMs: number
}

export interface ScheduleLimits {
  /** Starts are rounded to this grid. */
  readonly tickMs: number
  readonly inFlightMax: number
  /** As many checks share one tick before the next tick is used. */
  readonly groupMin: number
}

export const DEFAULT_LIMITS: ScheduleLimits = { tickMs: 50, inFlightMax: 1000, groupMin: 16 }

interface Slot {
  readonly id: string
  readonly periodMs: number
  dueMs: number
  startedMs: number
  isRunning: boolean
  /** How much earlier than a full period the second start comes: this spreads the checks. */
  advanceMs: number
}

export class Schedule {
  readonly #slots = new Map<string, Slot>()
  readonly #limits: ScheduleLimits
  #inFlight = 0

  constructor(checks: readonly ScheduledCheck[], nowMs: number, limits: ScheduleLimits = DEFAULT_LIMITS) {
    this.#limits = limits
    checks.forEach((check, index) => {
      const ticks = Math.max(1, Math.floor(check.periodMs / limits.tickMs))
      const group = Math.max(limits.groupMin, Math.ceil(checks.length / ticks))
      const advanceMs = (Math.floor(index / group) * limits.tickMs) % check.periodMs
      this.#slots.set(check.id, {
        ...check,
        dueMs: nowMs,
        startedMs: nowMs,
        isRunning: false,
        advanceMs,
      })
    })
  }

  /** The checks that start now, at most as many as the limit leaves room for; longest overdue first. */
  start(nowMs: number): string[] {
    const room = this.#limits.inFlightMax - this.#inFlight
    const due = [...this.#slots.values()].filter(slot => !slot.isRunning && this.#onGrid(slot.dueMs) <= nowMs)
    due.sort((a, b) => a.dueMs - b.dueMs)
    const starting = due.slice(0, Math.max(0, room))
    for (const slot of starting) {
      slot.isRunning = true
      slot.startedMs = nowMs
    }
    this.#inFlight += starting.length
    return starting.map(slot => slot.id)
  }

  ended(id: string, nowMs: number): void {
    const slot = this.#slots.get(id)
    if (slot === undefined || !slot.isRunning) return
    slot.isRunning = false
    this.#inFlight--
    const regular = slot.startedMs + slot.periodMs - slot.advanceMs
    slot.advanceMs = 0
    slot.dueMs = Math.max(regular, nowMs)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** When to call start() again: on the tick of the earliest due check; null while all run or none is there. */
  wakeAt(nowMs: number): number | null {
    if (this.#inFlight >= this.#limits.inFlightMax) return null
    let earliestMs = Number.POSITIVE_INFINITY
    for (const slot of this.#slots.values())
      if (!slot.isRunning) earliestMs = Math.min(earliestMs, slot.dueMs)
    if (earliestMs === Number.POSITIVE_INFINITY) return null
    return Math.max(nowMs, this.#onGrid(earliestMs))
  }

  /** Rounded down, so that the grid never adds to a period. */
  #onGrid(atMs: number): number {
    return atMs - (atMs % this.#limits.tickMs)
  }
}
