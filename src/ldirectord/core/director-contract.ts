/** What goes into the director and what comes out of it: outcomes and decisions of people in, changes out. */
import type { Outcome } from '../checks/check.js'
import type { Drain } from './drain.js'
import type { Health } from './judge.js'

/** A real server by its place in the file. */
export interface Target {
  readonly virtual: number
  readonly real: number
}

export type DirectorEvent =
  | {
      readonly kind: 'checked'
      readonly targets: readonly Target[]
      readonly outcome: Outcome
      readonly durationMs: number
    }
  | { readonly kind: 'maintenance'; readonly targets: readonly Target[] }
  /** Who is drained now, for all servers. */
  | { readonly kind: 'drains'; readonly drainOf: (target: Target) => Drain | null }
  /** The first round is over (or has had its time): from now on a change of the fallback is told. */
  | { readonly kind: 'settled' }
  /** These serve in the table that we take over now; where checks know better, they do. */
  | { readonly kind: 'adopted'; readonly targets: readonly Target[] }
  /** The table is not ours any more: checks go on, nothing is told of fallbacks. */
  | { readonly kind: 'retired' }

export type Change =
  | {
      readonly kind: 'softFailure'
      readonly target: Target
      readonly failures: number
      readonly limit: number
    }
  | { readonly kind: 'softFailuresReset'; readonly target: Target }
  /** A server that is down has passed, and more is wanted before it is up. */
  | {
      readonly kind: 'recovering'
      readonly target: Target
      readonly successes: number
      readonly limit: number
    }
  /** It passed for the first time while it has to stay out for flapping. */
  | { readonly kind: 'held'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'drained'; readonly target: Target; readonly drain: Drain }
  | { readonly kind: 'undrained'; readonly target: Target; readonly drain: Drain }
  /** It serves with no more than this weight; null: with its own again. */
  | { readonly kind: 'limited'; readonly target: Target; readonly weight: number | null }
  /** So few servers of a virtual are up that those which were up serve all the same; or no longer. */
  | {
      readonly kind: 'panic'
      readonly virtual: number
      readonly active: boolean
      readonly up: number
      readonly of: number
    }
  | { readonly kind: 'up'; readonly target: Target; readonly from: Health; readonly because: string }
  | { readonly kind: 'down'; readonly target: Target; readonly from: Health; readonly because: string }
  /** Maintenance of a server that was down already began or ended: in a panic that alone decides whether it serves. */
  | { readonly kind: 'maintained'; readonly target: Target; readonly active: boolean }
  /** The first real server of a virtual came up, or its last one went down. */
  | { readonly kind: 'fallback'; readonly virtual: number; readonly active: boolean }

const MOVING: ReadonlySet<Change['kind']> = new Set([
  'up',
  'down',
  'drained',
  'undrained',
  'limited',
  'panic',
  'maintained',
])

/** Whether a change can alter the table. */
export function movesTable(change: Change): boolean {
  return MOVING.has(change.kind)
}
