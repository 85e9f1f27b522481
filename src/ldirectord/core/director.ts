/**
 * Which real server is up and which one serves: outcomes, maintenance and drains in, changes out. One state per
 * (virtual, real) as written in the file; the table is derived from these states elsewhere (desired.ts). What one
 * outcome means for one server is decided by judge.ts.
 *
 * Up is what the checks say. Serving is up and not drained; and, while too few servers of a virtual are up
 * (panicthreshold), also down after having been up.
 *
 * With thousands of virtuals an outcome must not cost a walk over all: what follows for a virtual as a whole (panic,
 * fallback) is looked at again only where one of its servers has changed.
 */
import { unreachable } from '../../base/assert.js'
import type { Outcome } from '../checks/check.js'
import type { LdirectordConfig } from '../config/model.js'
import { fallbackOf } from './desired.js'
import type { Change, DirectorEvent, Target } from './director-contract.js'
import { type Drain, takesOut } from './drain.js'
import { type Health, type History, judge, NO_HISTORY, remember } from './judge.js'

export type { Health } from './judge.js'

export interface RealState extends History {
  health: Health
  maintenance: boolean
  /** An administrator has taken it, or a part of its weight, out; null: nobody has. */
  drain: Drain | null
  /** When health last changed, on the clock that is handed in. */
  sinceMs: number
  /** How long it had been before what it was before; null: health has not changed yet. */
  beforeMs: number | null
  /** Whether it was up at any time since the file was loaded. */
  wasUp: boolean
  /** Why health is what it is. */
  because: string
  lastOutcome: Outcome | null
  lastDurationMs: number | null
  /** When the check of the last outcome began. */
  lastBeganMs: number
  /** When the certificate that it last showed ends (Unix time), where the file wants to know. */
  certificateEndsMs: number | null
}

export interface DirectorStart {
  /** Real servers that already serve in the table we found: they stay up until a check says otherwise. */
  readonly adopted: readonly Target[]
  /** Virtuals whose fallback has been told before (reload), with what was told. */
  readonly told?: ReadonlyMap<number, boolean>
  /** Who is drained already, and was told of before (reload). */
  readonly drainOf?: (target: Target) => Drain | null
}

export class Director {
  readonly #config: LdirectordConfig
  readonly #states: RealState[][]
  /** Per virtual: whether its fallback was last told to be active; null: nothing told yet. */
  readonly #told: (boolean | null)[]
  readonly #isPanicking: boolean[]
  /** Virtuals of which a server changed in a way that panic or fallback may depend on. */
  readonly #touched = new Set<number>()
  #settled = false

  constructor(config: LdirectordConfig, start: DirectorStart, nowMs: number) {
    this.#config = config
    this.#states = config.virtuals.map(virtual => virtual.reals.map(() => newState(nowMs)))
    this.#told = config.virtuals.map((_, index) => start.told?.get(index) ?? null)
    this.#isPanicking = config.virtuals.map(() => false)
    if (start.drainOf !== undefined) this.#drain(start.drainOf, [])
    this.#adopt(start.adopted)
  }

  step(event: DirectorEvent, nowMs: number): Change[] {
    const changes: Change[] = []
    switch (event.kind) {
      case 'checked':
        for (const target of event.targets) {
          const state = this.state(target)
          state.lastOutcome = event.outcome
          state.lastDurationMs = event.durationMs
          state.lastBeganMs = nowMs - event.durationMs
          state.certificateEndsMs = event.outcome.certificateEndsMs ?? state.certificateEndsMs
          const { health, maintenance } = state
          state.maintenance = false
          this.#checked(target, state, event.outcome, nowMs, changes)
          if (maintenance) this.#maintained(target, health, changes)
        }
        break
      case 'maintenance':
        for (const target of event.targets) {
          const state = this.state(target)
          const { health, maintenance } = state
          state.maintenance = true
          this.#move(target, state, 'down', 'Server in maintenance', nowMs, changes)
          if (!maintenance) this.#maintained(target, health, changes)
        }
        break
      case 'drains':
        this.#drain(event.drainOf, changes)
        break
      case 'settled':
        this.#settled = true
        for (const virtual of this.#told.keys()) this.#touched.add(virtual)
        break
      case 'adopted':
        this.#adopt(event.targets)
        break
      case 'retired':
        this.#settled = false
        this.#told.fill(null)
        this.#isPanicking.fill(false)
        break
      default:
        return unreachable(event)
    }
    if (this.#settled && this.#touched.size > 0) {
      const virtuals = [...this.#touched].sort((a, b) => a - b)
      for (const virtual of virtuals) this.#watchPanic(virtual, changes)
      for (const virtual of virtuals) this.#tellFallback(virtual, changes)
      this.#touched.clear()
    }
    return changes
  }

  state(target: Target): RealState {
    return this.#states[target.virtual]![target.real]!
  }

  isUp(virtual: number, real: number): boolean {
    return this.#states[virtual]![real]!.health === 'up'
  }

  isDrained(virtual: number, real: number): boolean {
    return takesOut(this.#states[virtual]![real]!.drain)
  }

  /** What it gets while it serves: never more than the file says. */
  weightOf(virtual: number, real: number): number {
    const { weight } = this.#config.virtuals[virtual]!.reals[real]!
    return Math.min(weight, this.#states[virtual]![real]!.drain?.weight ?? weight)
  }

  /** Whether new connections go to this server. */
  serves(virtual: number, real: number): boolean {
    const state = this.#states[virtual]![real]!
    if (takesOut(state.drain) || state.maintenance) return false
    return state.health === 'up' || (this.#isPanicking[virtual]! && state.wasUp)
  }

  anyServes(virtual: number): boolean {
    return this.#states[virtual]!.some((_, real) => this.serves(virtual, real))
  }

  isPanicking(virtual: number): boolean {
    return this.#isPanicking[virtual]!
  }

  #adopt(targets: readonly Target[]): void {
    for (const { virtual, real } of targets) {
      const state = this.#states[virtual]?.[real]
      if (state?.health !== 'unknown') continue
      Object.assign(state, { health: 'up', wasUp: true, because: 'serving already' })
      this.#touched.add(virtual)
    }
  }

  /** Maintenance has begun or ended. Where that changed health too, the change says so already. */
  #maintained(target: Target, before: Health, changes: Change[]): void {
    const { health, maintenance: active } = this.state(target)
    this.#touched.add(target.virtual)
    if (health === before) changes.push({ kind: 'maintained', target, active })
  }

  #checked(target: Target, state: RealState, outcome: Outcome, nowMs: number, changes: Change[]): void {
    const rules = this.#config.virtuals[target.virtual]!
    const verdict = judge(state, state.health, outcome.passed, rules, nowMs)
    switch (verdict.kind) {
      case 'same':
        return
      case 'up':
      case 'down':
        this.#move(target, state, verdict.kind, outcome.detail, nowMs, changes)
        return
      case 'softFailuresReset':
        changes.push({ kind: 'softFailuresReset', target })
        return
      case 'softFailure':
        changes.push({ kind: 'softFailure', target, failures: verdict.count, limit: verdict.limit })
        return
      case 'recovering':
        changes.push({ kind: 'recovering', target, successes: verdict.count, limit: verdict.limit })
        return
      case 'held':
        if (state.successes === 1) changes.push({ kind: 'held', target, forMs: verdict.untilMs - nowMs })
        return
      default:
        unreachable(verdict)
    }
  }

  #move(
    target: Target,
    state: RealState,
    to: 'up' | 'down',
    because: string,
    nowMs: number,
    changes: Change[],
  ): void {
    const { health: from } = state
    if (from === to) return
    const rules = this.#config.virtuals[target.virtual]!
    // The original says so too when a server returns: its failures are forgotten.
    const forgets = to === 'up' && state.softFailures > 0 && rules.checkwindow === null
    if (forgets) changes.push({ kind: 'softFailuresReset', target })
    changes.push({ kind: to, target, from, because })
    state.beforeMs = nowMs - state.sinceMs
    remember(state, from, to, state.beforeMs, rules, nowMs)
    state.health = to
    this.#touched.add(target.virtual)
    state.wasUp ||= to === 'up'
    state.because = because
    state.sinceMs = nowMs
  }

  #drain(drainOf: (target: Target) => Drain | null, changes: Change[]): void {
    this.#states.forEach((states, virtual) => {
      states.forEach((state, real) => {
        const target = { virtual, real }
        const before = state.drain
        state.drain = drainOf(target)
        if (takesOut(before) !== takesOut(state.drain)) this.#touched.add(virtual)
        if (!takesOut(before) && takesOut(state.drain))
          changes.push({ kind: 'drained', target, drain: state.drain })
        if (takesOut(before) && !takesOut(state.drain))
          changes.push({ kind: 'undrained', target, drain: before })
        const limit = state.drain?.weight || null
        if ((before?.weight || null) !== limit) changes.push({ kind: 'limited', target, weight: limit })
      })
    })
  }

  /** Too few are up: rather the check, or our own network, is at fault than all of them. With none up a fallback wins. */
  #watchPanic(virtual: number, changes: Change[]): void {
    const service = this.#config.virtuals[virtual]!
    const { panicthreshold } = service
    if (panicthreshold === 0) return
    const asked = this.#states[virtual]!.filter(state => !takesOut(state.drain) && !state.maintenance)
    const up = asked.filter(state => state.health === 'up').length
    const isBelow = asked.length > 0 && up * 100 < panicthreshold * asked.length
    const hasFallback = fallbackOf(this.#config, service) !== null
    const active = isBelow && !(up === 0 && hasFallback) && asked.some(({ wasUp }) => wasUp)
    if (this.#isPanicking[virtual] === active) return
    this.#isPanicking[virtual] = active
    changes.push({ kind: 'panic', virtual, active, up, of: asked.length })
  }

  #tellFallback(virtual: number, changes: Change[]): void {
    const active = !this.anyServes(virtual)
    if (this.#told[virtual] === active) return
    this.#told[virtual] = active
    changes.push({ kind: 'fallback', virtual, active })
  }

  /** What has been told of each virtual's fallback, for the director that follows after a reload. */
  told(): readonly (boolean | null)[] {
    return this.#told
  }
}

function newState(nowMs: number): RealState {
  return {
    ...NO_HISTORY,
    window: [],
    health: 'unknown',
    maintenance: false,
    drain: null,
    sinceMs: nowMs,
    beforeMs: null,
    wasUp: false,
    because: 'not checked yet',
    lastOutcome: null,
    lastDurationMs: null,
    lastBeganMs: nowMs,
    certificateEndsMs: null,
  }
}
