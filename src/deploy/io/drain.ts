/**
 * The seam between a run and the directors: weight 0 as a state that is held there, and what is left of a host's
 * clients. Two ways of holding it: ldirectord's own lasting drain, and a file in its maintenancedir.
 */
import type { Reading } from '../plan/director-view.js'
import type { Shell } from './shell.js'

export interface Cleared {
  /** null: the weight comes back. */
  readonly why: string | null
  /** Directors that could not be told; the drain is still there. */
  readonly left: readonly string[]
  /** The drain that stays is not ours: an administrator wants the server out. */
  readonly isForeign: boolean
}

/** Whether all directors must answer, or whether those that do will do. */
export type Quorum = 'all' | 'some'

/** How weight 0 is held. */
export interface DrainMethod {
  readonly method: 'weight' | 'maintenancedir'
  /** What the directors say of these reals; a sentence where a drain would not hold. */
  prepare(reals: readonly string[], quorum: Quorum): Promise<string | null>
  /** Weight 0 for these reals, on every director that can be reached. null, or why not. */
  set(reals: readonly string[], mark: DrainMark): Promise<string | null>
  clear(reals: readonly string[]): Promise<Cleared>
  /** The drains of this run last for another lock_ttl. null, or why not. */
  renew(run: string): Promise<string | null>
}

export interface DrainMark {
  readonly run: string
  readonly reason: string
  readonly time: string
  /** How long it lasts where drains can end by themselves; default: as long as the locks of a run. */
  readonly lasts?: 'forever' | { readonly seconds: number }
  /** Not out altogether: no more than this, which only ldirectord's own drain knows. */
  readonly weight?: number
}

/** A method, and what else is asked of the directors. */
export interface Drain extends Omit<DrainMethod, 'method'> {
  /** Known once `prepare` was asked. */
  readonly method: string
  read(reals: readonly string[]): Promise<readonly Reading[]>
  weights(): ReadonlyMap<string, number>
  /** The longest checkinterval of the directors. */
  checkSeconds(): number
  /** `status --json` of each director that answers. */
  statuses(): Promise<readonly string[]>
  /** Where the lock of each director lies; known once `prepare` was asked. */
  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[]
}

/** Begins every file and every reason that is ours. */
export const OURS = 'ha-deploy'
export const markText = ({ run, time, reason }: DrainMark): string => `${OURS} run ${run} ${time} ${reason}`
