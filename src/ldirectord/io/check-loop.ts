/**
 * Keeps the checks of one loaded file going: wakes when some are due, starts them side by side, hands each outcome on.
 * What is due when is decided by core/schedule.ts, what is asked by core/asking.ts; here are only timer and call.
 */
import { type Clock, realClock } from '../../base/io/real-clock.js'
import type { Outcome, Probe } from '../checks/check.js'
import { Asking } from '../core/asking.js'
import type { Patience } from '../core/patience.js'
import type { PlannedCheck } from '../core/probe.js'
import { DEFAULT_LIMITS, Schedule } from '../core/schedule.js'

export interface CheckLoopOptions {
  readonly checks: readonly PlannedCheck[]
  /** The loop of the file before: what both ask goes on in its rhythm, and its last answer counts. */
  readonly before?: CheckLoop | null
  /** Percent of the period by which a check may start early (checkjitter). */
  readonly jitterPercent?: number
  readonly run: (probe: Probe, signal: AbortSignal) => Promise<Outcome>
  /** Whether the server of this check is under maintenance now; it is then not asked. */
  readonly isMaintained: (check: PlannedCheck) => boolean
  readonly onOutcome: (check: PlannedCheck, outcome: Outcome | 'maintenance', durationMs: number) => void
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** An answer and what it is about. */
export interface Answered {
  readonly check: PlannedCheck
  readonly outcome: Outcome
  readonly durationMs: number
}

const LOOK_MS = 20
const ASSUMED: Outcome = { passed: true, code: 'OK', detail: 'not checked' }

export class CheckLoop {
  readonly #options: CheckLoopOptions
  readonly #clock: Clock
  readonly #checks: ReadonlyMap<string, PlannedCheck>
  readonly #schedule: Schedule
  readonly #asking = new Asking()
  readonly #stopping = new AbortController()
  /** Checks that have not given their first outcome. */
  readonly #awaited: Set<string>
  readonly #firstRound: Promise<void>
  #firstRoundOver: () => void = () => {}
  /** The last answer of each check; none of a server under maintenance. */
  readonly #answers = new Map<string, Answered>()
  /** When a first question was last asked or answered. */
  #progressMs: number
  #callOff: (() => void) | null = null
  #wakeMs = 0
  #isArming = false

  constructor(options: CheckLoopOptions) {
    this.#options = options
    this.#clock = options.clock ?? realClock
    this.#progressMs = this.#clock.nowMs()
    this.#checks = new Map(options.checks.map(check => [check.id, check]))
    const share = (options.jitterPercent ?? 0) / 100
    const jitter = { share, chance: Math.random }
    const { before = null } = options
    for (const check of options.checks) {
      const answered = before?.answered(check.id) ?? null
      if (answered !== null) this.#answers.set(check.id, { ...answered, check })
    }
    const rhythmOf = (id: string) => (this.#answers.has(id) ? before!.#schedule.rhythm(id) : null)
    this.#schedule = new Schedule(options.checks, this.#progressMs, DEFAULT_LIMITS, jitter, rhythmOf)
    this.#awaited = new Set([...this.#checks.keys()].filter(id => !this.#answers.has(id)))
    this.#firstRound = new Promise(resolve => {
      this.#firstRoundOver = resolve
    })
    if (this.#awaited.size === 0) this.#firstRoundOver()
  }

  /** Starts the first round. Outcomes may come before this returns. */
  start(): void {
    this.#wake()
  }

  /** What is known of this check; null: nothing. */
  answered(id: string): Answered | null {
    return this.#answers.get(id) ?? null
  }

  /** Resolves when every check has given an outcome, or when waiting longer is of no use. */
  async firstRound({ quietMs, latestMs }: Patience): Promise<void> {
    const startedMs = this.#clock.nowMs()
    let callOff: () => void = () => {}
    const enough = new Promise<void>(resolve => {
      const look = (): void => {
        const now = this.#clock.nowMs()
        if (now - Math.max(startedMs, this.#progressMs) >= quietMs || now - startedMs >= latestMs) resolve()
        else callOff = this.#clock.after(LOOK_MS, look)
      }
      callOff = this.#clock.after(LOOK_MS, look)
    })
    await Promise.race([this.#firstRound, enough])
    callOff()
  }

  /** Ends the loop and gives up the checks under way; no outcome is handed on any more. */
  stop(): void {
    this.#callOff?.()
    this.#stopping.abort()
    this.#firstRoundOver()
  }

  #wake(): void {
    this.#callOff = null
    for (const id of this.#schedule.start(this.#clock.nowMs())) {
      void this.#perform(this.#checks.get(id)!)
      if (this.#awaited.has(id)) this.#progressMs = this.#clock.nowMs()
    }
    this.#arm()
  }

  async #perform(check: PlannedCheck): Promise<void> {
    const startedMs = this.#clock.nowMs()
    const outcome = this.#options.isMaintained(check)
      ? 'maintenance'
      : check.kind === 'assumed'
        ? ASSUMED
        : await this.#options.run(this.#asking.probe(check), this.#stopping.signal)
    if (this.#stopping.signal.aborted) return
    if (outcome !== 'maintenance') this.#asking.answered(check, outcome.passed)
    const endedMs = this.#clock.nowMs()
    const durationMs = endedMs - startedMs
    const againMs = this.#schedule.ended(check.id, endedMs)
    if (outcome === 'maintenance') this.#answers.delete(check.id)
    else this.#answers.set(check.id, { check, outcome, durationMs })
    this.#options.onOutcome(check, outcome, durationMs)
    if (this.#awaited.delete(check.id)) this.#progressMs = endedMs
    if (this.#awaited.size === 0) this.#firstRoundOver()
    this.#armSoon(againMs)
  }

  /**
   * Many checks end in one turn of the event loop; the timer is set once for all of them, and only where it is needed:
   * to look through all checks after each answer would cost more than the checks.
   */
  #armSoon(againMs: number): void {
    if (this.#isArming || (this.#callOff !== null && againMs >= this.#wakeMs)) return
    this.#isArming = true
    setImmediate(() => {
      this.#isArming = false
      this.#arm()
    })
  }

  #arm(): void {
    if (this.#stopping.signal.aborted) return
    this.#callOff?.()
    const atMs = this.#schedule.wakeAt(this.#clock.nowMs())
    this.#wakeMs = atMs ?? 0
    const inMs = Math.max(0, (atMs ?? 0) - this.#clock.nowMs())
    this.#callOff = atMs === null ? null : this.#clock.after(inMs, () => this.#wake())
  }
}
