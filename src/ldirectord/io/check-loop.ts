/**
 * Keeps the checks of one loaded file going: wakes when some are due, starts them side by side, hands each outcome on.
 * What is due when is decided by core/schedule.ts, what is asked by core/asking.ts; here are only timer and call.
 */
import { nowMs } from '../../base/io/real-clock.js'
import type { Outcome, Probe } from '../checks/check.js'
import { Asking } from '../core/asking.js'
import type { PlannedCheck } from '../core/probe.js'
import { DEFAULT_LIMITS, Schedule } from '../core/schedule.js'

export interface CheckLoopOptions {
  readonly checks: readonly PlannedCheck[]
  /** Percent of the period by which a check may start early (checkjitter). */
  readonly jitterPercent?: number
  readonly run: (probe: Probe, signal: AbortSignal) => Promise<Outcome>
  /** Whether the server of this check is under maintenance now; it is then not asked. */
  readonly isMaintained: (check: PlannedCheck) => boolean
  readonly onOutcome: (check: PlannedCheck, outcome: Outcome | 'maintenance', durationMs: number) => void
}

const ASSUMED: Outcome = { passed: true, code: 'OK', detail: 'not checked' }

export class CheckLoop {
  readonly #options: CheckLoopOptions
  readonly #checks: ReadonlyMap<string, PlannedCheck>
  readonly #schedule: Schedule
  readonly #asking = new Asking()
  readonly #stopping = new AbortController()
  /** Checks that have not given their first outcome. */
  readonly #awaited: Set<string>
  readonly #firstRound: Promise<void>
  #firstRoundOver: () => void = () => {}
  #timer: NodeJS.Timeout | null = null
  #isArming = false

  constructor(options: CheckLoopOptions) {
    this.#options = options
    this.#checks = new Map(options.checks.map(check => [check.id, check]))
    const share = (options.jitterPercent ?? 0) / 100
    this.#schedule = new Schedule(options.checks, nowMs(), DEFAULT_LIMITS, { share, chance: Math.random })
    this.#awaited = new Set(this.#checks.keys())
    this.#firstRound = new Promise(resolve => {
      this.#firstRoundOver = resolve
    })
    if (this.#awaited.size === 0) this.#firstRoundOver()
  }

  /** Starts the first round. Outcomes may come before this returns. */
  start(): void {
    this.#wake()
  }

  /** Resolves when every check has given an outcome, or at the latest after this time. */
  async firstRound(latestMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const latest = new Promise<void>(resolve => {
      timer = setTimeout(resolve, latestMs)
    })
    await Promise.race([this.#firstRound, latest])
    clearTimeout(timer)
  }

  /** Ends the loop and gives up the checks under way; no outcome is handed on any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#stopping.abort()
    this.#firstRoundOver()
  }

  #wake(): void {
    this.#timer = null
    for (const id of this.#schedule.start(nowMs())) void this.#perform(this.#checks.get(id)!)
    this.#arm()
  }

  async #perform(check: PlannedCheck): Promise<void> {
    const startedMs = nowMs()
    const outcome = this.#options.isMaintained(check)
      ? 'maintenance'
      : check.kind === 'assumed'
        ? ASSUMED
        : await this.#options.run(this.#asking.probe(check), this.#stopping.signal)
    if (this.#stopping.signal.aborted) return
    if (outcome !== 'maintenance') this.#asking.answered(check, outcome.passed)
    const endedMs = nowMs()
    this.#schedule.ended(check.id, endedMs)
    this.#options.onOutcome(check, outcome, endedMs - startedMs)
    if (this.#awaited.delete(check.id) && this.#awaited.size === 0) this.#firstRoundOver()
    this.#armSoon()
  }

  /** Many checks end in one turn of the event loop; the timer is set once for all of them. */
  #armSoon(): void {
    if (this.#isArming) return
    this.#isArming = true
    setImmediate(() => {
      this.#isArming = false
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#stopping.signal.aborted) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    const atMs = this.#schedule.wakeAt(nowMs())
    this.#timer = atMs === null ? null : setTimeout(() => this.#wake(), Math.max(0, atMs - nowMs()))
  }
}
