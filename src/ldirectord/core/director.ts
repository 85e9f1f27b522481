/**
 * Which real server is up: outcomes and maintenance in, changes out. One state per (virtual, real) as written in the
 * file; the table is derived from these states elsewhere (desired.ts).
 *
 *   outcome | before       | meaning
 *   passed  | up           | an earlier soft failure is forgotten
 *   passed  | down/unknown | comes up
 *   failed  | up           | soft failure; at the failurecount-th in a row it goes down
 *   failed  | down/unknown | is down
 *   maintenance            | goes down at once, whatever failurecount says
 */
import { unreachable } from '../../base/assert.js'
import type { Outcome } from '../checks/check.js'
import type { LdirectordConfig } from '../config/model.js'

export type Health = 'unknown' | 'up' | 'down'

/** A real server by its place in the file. */
export interface Target {
  readonly virtual: number
  readonly real: number
}

export interface RealState {
  health: Health
  /** Failures in a row while up. */
  softFailures: number
  maintenance: boolean
  /** When health last changed, on the clock that is handed in. */
  sinceMs: number
  /** Why health is what it is. */
  because: string
  lastOutcome: Outcome | null
  lastDurationMs: number | null
}

export type DirectorEvent =
  | {
      readonly kind: 'checked'
      readonly targets: readonly Target[]
      readonly outcome: Outcome
      readonly durationMs: number
    }
  | { readonly kind: 'maintenance'; readonly targets: readonly Target[] }
  /** The first round is over (or has had its time): from now on a change of the fallback is told. */
  | { readonly kind: 'settled' }

export type Change =
  | {
      readonly kind: 'softFailure'
      readonly target: Target
      readonly failures: number
      readonly limit: number
    }
  | { readonly kind: 'softFailuresReset'; readonly target: Target }
  | { readonly kind: 'up'; readonly target: Target; readonly from: Health; readonly because: string }
  | { readonly kind: 'down'; readonly target: Target; readonly from: Health; readonly because: string }
  /** The first real server of a virtual came up, or its last one went down. */
  | { readonly kind: 'fallback'; readonly virtual: number; readonly active: boolean }

export interface DirectorStart {
  /** Real servers that already serve in the table we found: they stay up until a check says otherwise. */
  readonly adopted: readonly Target[]
  /** Virtuals whose fallback has been told before (reload), with what was told. */
  readonly told?: ReadonlyMap<number, boolean>
}

export class Director {
  readonly #config: LdirectordConfig
  readonly #states: RealState[][]
  /** Per virtual: whether its fallback was last told to be active; null: nothing told yet. */
  readonly #told: (boolean | null)[]
  #settled = false

  constructor(config: LdirectordConfig, start: DirectorStart, nowMs: number) {
    this.#config = config
    this.#states = config.virtuals.map(virtual =>
      virtual.reals.map(() => ({
        health: 'unknown' as Health,
        softFailures: 0,
        maintenance: false,
        sinceMs: nowMs,
        because: 'not checked yet',
        lastOutcome: null,
        lastDurationMs: null,
      })),
    )
    this.#told = config.virtuals.map((_, index) => start.told?.get(index) ?? null)
    for (const { virtual, real } of start.adopted) {
      const state = this.#states[virtual]?.[real]
      if (state) Object.assign(state, { health: 'up', because: 'serving already' })
    }
  }

  step(event: DirectorEvent, nowMs: number): Change[] {
    const changes: Change[] = []
    switch (event.kind) {
      case 'checked':
        for (const target of event.targets) {
          const state = this.state(target)
          state.lastOutcome = event.outcome
          state.lastDurationMs = event.durationMs
          state.maintenance = false
          if (event.outcome.passed) this.#passed(target, state, event.outcome.detail, nowMs, changes)
          else this.#failed(target, state, event.outcome.detail, nowMs, changes)
        }
        break
      case 'maintenance':
        for (const target of event.targets) {
          const state = this.state(target)
          state.maintenance = true
          this.#move(target, state, 'down', 'Server in maintenance', nowMs, changes)
        }
        break
      case 'settled':
        this.#settled = true
        break
      default:
        return unreachable(event)
    }
    this.#tellFallbacks(changes)
    return changes
  }

  state(target: Target): RealState {
    return this.#states[target.virtual]![target.real]!
  }

  isUp(virtual: number, real: number): boolean {
    return this.#states[virtual]![real]!.health === 'up'
  }

  anyUp(virtual: number): boolean {
    return this.#states[virtual]!.some(state => state.health === 'up')
  }

  #passed(target: Target, state: RealState, detail: string, nowMs: number, changes: Change[]): void {
    if (state.softFailures > 0) {
      state.softFailures = 0
      changes.push({ kind: 'softFailuresReset', target })
    }
    this.#move(target, state, 'up', detail, nowMs, changes)
  }

  #failed(target: Target, state: RealState, detail: string, nowMs: number, changes: Change[]): void {
    const limit = this.#config.virtuals[target.virtual]!.failurecount
    if (state.health === 'up' && ++state.softFailures < limit) {
      changes.push({ kind: 'softFailure', target, failures: state.softFailures, limit })
      return
    }
    this.#move(target, state, 'down', detail, nowMs, changes)
  }

  #move(
    target: Target,
    state: RealState,
    to: 'up' | 'down',
    because: string,
    nowMs: number,
    changes: Change[],
  ): void {
    if (state.health === to) return
    changes.push({ kind: to, target, from: state.health, because })
    state.health = to
    state.because = because
    state.sinceMs = nowMs
  }

  #tellFallbacks(changes: Change[]): void {
    if (!this.#settled) return
    this.#told.forEach((told, virtual) => {
      const active = !this.anyUp(virtual)
      if (told === active) return
      this.#told[virtual] = active
      changes.push({ kind: 'fallback', virtual, active })
    })
  }

  /** What has been told of each virtual's fallback, for the director that follows after a reload. */
  told(): readonly (boolean | null)[] {
    return this.#told
  }
}
