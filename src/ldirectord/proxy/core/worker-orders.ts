/**
 * What the main thread of the proxy and its workers say to each other. Orders are carried out in their order, and each
 * is confirmed, so that an edit that ldirectord is told of as done is known to every worker.
 */
import type { Edit } from '../../core/table.js'
import type { Level } from './control.js'
import type { Shares } from './ledger.js'
import type { SharedBuffers } from './shared-state.js'

export type WorkerOrder =
  | { readonly kind: 'edit'; readonly edit: Edit; readonly shares: Shares }
  /** Accept from this listening socket, which stays the main thread's. */
  | { readonly kind: 'listen'; readonly service: string; readonly fd: number }
  | { readonly kind: 'unlisten'; readonly fd: number }
  /** Whether to accept at all: one that rests keeps its connections and listens to nothing. */
  | { readonly kind: 'work'; readonly isToAccept: boolean }
  /** Accept no more; end with the last connection. */
  | { readonly kind: 'drain' }
  /** Reset all connections and end. */
  | { readonly kind: 'end' }

export interface NumberedOrder {
  readonly number: number
  readonly order: WorkerOrder
}

export type WorkerReport =
  | { readonly kind: 'done'; readonly number: number }
  | { readonly kind: 'notice'; readonly level: Level; readonly text: string }
  /** Connections that met the limit since the last such report. */
  | { readonly kind: 'refused'; readonly count: number }

/** What a worker is born with. */
export interface WorkerStart {
  readonly party: number
  readonly shared: SharedBuffers
  /** An eventfd: there are orders. */
  readonly bell: number
  readonly settings: WorkerSettings
}

export interface WorkerSettings {
  readonly connectionsMax: number
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly attemptsMax: number
}
