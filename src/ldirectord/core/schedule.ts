/**
 * When each check is due. All run side by side, but never one of them twice at a time, and never more than a limit at
 * once. In the first round all start at once; after a reload those that have answered before keep their moments. From
 * then on each check has its own moment in the period and starts at it, every period; a check that is still under way
 * then takes the next one. So a slow server delays nobody, and checkinterval-after-the-end (the original's rule) is the
 * upper bound.
 *
 * The moments are spread over the period in groups on a coarse tick: one timer wakes for a group of checks, which
 * costs far less than one timer each, and bursts of thousands dissolve however they came about. What waits is kept by
 * the tick on which it is due, so neither a start nor an end looks through all checks.
 */

import { assert } from '../../base/assert.js'

export interface ScheduledCheck {
  readonly id: string
  readonly periodMs: number
}

/** Starts up to this share of the period early (0 to 0.5), by chance: a number in [0, 1) for each start. */
export interface Jitter {
  readonly share: number
  readonly chance: () => number
}

const NO_JITTER: Jitter = { share: 0, chance: () => 0 }

export interface ScheduleLimits {
  /** Starts are rounded to this grid. */
  readonly tickMs: number
  readonly inFlightMax: number
  /** As many start before what has arrived from the network is looked at. */
  readonly startsMax: number
  /** As many checks share one tick before the next tick is used. */
  readonly groupMin: number
}

export const DEFAULT_LIMITS: ScheduleLimits = { tickMs: 50, inFlightMax: 2000, startsMax: 250, groupMin: 16 }

/** When a check is due, and its moments. */
export interface Rhythm {
  readonly periodMs: number
  readonly dueMs: number
  /** One of its moments; all others are whole periods away. */
  readonly momentMs: number
}

interface Slot extends Rhythm {
  readonly id: string
  /** In the file. */
  readonly place: number
  dueMs: number
  startedMs: number
  isRunning: boolean
  isFirst: boolean
}

const NO_RHYTHM = (): null => null

export class Schedule {
  readonly #slots = new Map<string, Slot>()
  /** Slots that are not under way, by the tick on which they are due. */
  readonly #waiting = new Map<number, Slot[]>()
  readonly #limits: ScheduleLimits
  readonly #jitter: Jitter
  #inFlight = 0

  constructor(
    checks: readonly ScheduledCheck[],
    nowMs: number,
    limits: ScheduleLimits = DEFAULT_LIMITS,
    jitter: Jitter = NO_JITTER,
    rhythmOf: (id: string) => Rhythm | null = NO_RHYTHM,
  ) {
    this.#limits = limits
    this.#jitter = jitter
    checks.forEach((check, index) => {
      const ticks = Math.max(1, Math.floor(check.periodMs / limits.tickMs))
      const group = Math.max(limits.groupMin, Math.ceil(checks.length / ticks))
      const offsetMs = (Math.floor(index / group) * limits.tickMs) % check.periodMs
      const before = rhythmOf(check.id)
      const goesOn = before !== null && before.periodMs === check.periodMs
      const slot: Slot = {
        ...check,
        place: index,
        dueMs: goesOn ? before.dueMs : nowMs,
        startedMs: nowMs,
        isRunning: false,
        momentMs: goesOn ? before.momentMs : nowMs + offsetMs,
        isFirst: !goesOn,
      }
      this.#slots.set(check.id, slot)
      this.#wait(slot)
    })
  }

  /** The checks that start now, at most as many as the limit leaves room for; longest overdue first. */
  start(nowMs: number): string[] {
    const { inFlightMax, startsMax } = this.#limits
    const room = Math.max(0, Math.min(inFlightMax - this.#inFlight, startsMax))
    const starting: Slot[] = []
    const ticks = [...this.#waiting.keys()].filter(tickMs => tickMs <= nowMs).sort((a, b) => a - b)
    for (const tickMs of ticks) {
      if (starting.length === room) break
      const due = this.#waiting.get(tickMs)!.sort((a, b) => a.dueMs - b.dueMs || a.place - b.place)
      starting.push(...due.splice(0, room - starting.length))
      if (due.length === 0) this.#waiting.delete(tickMs)
    }
    for (const slot of starting) {
      slot.isRunning = true
      slot.startedMs = nowMs
    }
    this.#inFlight += starting.length
    return starting.map(slot => slot.id)
  }

  /** Says when this check is to start again. */
  ended(id: string, nowMs: number): number {
    const slot = this.#slots.get(id)
    assert(slot?.isRunning === true, `check ${id} ends, but it is not under way`)
    slot.isRunning = false
    this.#inFlight--
    const { startedMs, periodMs } = slot
    // A start that was late by less than half a period finds back to its moment; one that was later stays where it is,
    // because waiting for the moment would make the gap longer than a period.
    const dueMs = slot.isFirst
      ? nowMs
      : Math.min(startedMs + periodMs, nextMoment(slot, startedMs + periodMs / 2))
    slot.isFirst = false
    slot.dueMs = dueMs > nowMs ? dueMs : nextMoment(slot, nowMs)
    const { share, chance } = this.#jitter
    // With a jitter there are no moments: each start is a period after the one before, or earlier, never later.
    if (share > 0)
      slot.dueMs = Math.max(nowMs, startedMs + periodMs - Math.round(share * periodMs * chance()))
    return this.#wait(slot)
  }

  /** How a check goes on in the schedule that replaces this one; null: it has not answered yet. One under way is due. */
  rhythm(id: string): Rhythm | null {
    const slot = this.#slots.get(id)
    if (slot === undefined || slot.isFirst) return null
    const { periodMs, momentMs, isRunning, startedMs, dueMs } = slot
    return { periodMs, momentMs, dueMs: isRunning ? startedMs : dueMs }
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** When to call start() again: on the tick of the earliest due check; null while all run or none is there. */
  wakeAt(nowMs: number): number | null {
    if (this.#inFlight >= this.#limits.inFlightMax) return null
    let earliestMs = Number.POSITIVE_INFINITY
    for (const tickMs of this.#waiting.keys()) earliestMs = Math.min(earliestMs, tickMs)
    return earliestMs === Number.POSITIVE_INFINITY ? null : Math.max(nowMs, earliestMs)
  }

  /** Gives the tick on which it will start. */
  #wait(slot: Slot): number {
    const tickMs = this.#onGrid(slot.dueMs)
    const others = this.#waiting.get(tickMs)
    if (others === undefined) this.#waiting.set(tickMs, [slot])
    else others.push(slot)
    return tickMs
  }

  /** Rounded down, so that the grid never adds to a period. */
  #onGrid(atMs: number): number {
    return atMs - (atMs % this.#limits.tickMs)
  }
}

/** The first of its moments that lies after this time. */
function nextMoment({ momentMs, periodMs }: Slot, afterMs: number): number {
  return momentMs + (Math.floor((afterMs - momentMs) / periodMs) + 1) * periodMs
}
