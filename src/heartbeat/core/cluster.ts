/**
 * The contract between the cluster's decisions and the daemon that acts: one `step(event, nowMs)` that returns, in
 * order, everything that must now be done. DRAFT: types first, the class follows.
 */
import type { Prng } from '../../base/prng.js'
import type { Message } from '../wire/message.js'

export type NodeName = string
export type LinkName = string
export type AutoFailback = 'on' | 'off' | 'legacy'
/** What a node holds, seen from that node: its own groups, the others' groups, both. */
export type ResourceClass = 'none' | 'local' | 'foreign' | 'all'

export interface ClusterConfig {
  readonly us: NodeName
  /** All nodes of ha.cf, lower-cased, in the order of the file; includes us. */
  readonly nodes: readonly NodeName[]
  readonly pingNodes: readonly NodeName[]
  readonly uuid: Uint8Array
  readonly generation: number
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly warntimeMs: number
  readonly initdeadMs: number
  readonly deadpingMs: number
  readonly autoFailback: AutoFailback
  readonly maxRexmitDelayMs: number
  readonly hopfudge: number
  /** Names of the links that carry heartbeats, such as eth1. */
  readonly links: readonly LinkName[]
  readonly random: Prng
  /** Unix seconds for `ts`. */
  readonly wallSeconds: () => number
  /** Text of /proc/loadavg for `ld`. */
  readonly loadAverage: () => string
}

export type ResourceJobKind = 'takeLocal' | 'takeFrom' | 'give' | 'giveAll'

export type Event =
  /** A packet that decoded and verified, from a link. */
  | { readonly kind: 'received'; readonly link: LinkName; readonly message: Message }
  /** A message of a local writer (FIFO, API client, our commands), not yet stamped. */
  | { readonly kind: 'submitted'; readonly message: Message }
  | { readonly kind: 'jobEnded'; readonly job: number; readonly succeeded: boolean }
  /** SIGTERM, `heartbeat -k`. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'clock' }

export type Effect =
  /** Put it on all links, now and in this order. Fully stamped but for the inner auth field of classic mode. */
  | { readonly kind: 'send'; readonly message: Message }
  /** Hand it to the local API clients and to rc.d scripts. */
  | { readonly kind: 'deliver'; readonly message: Message }
  /** Have the resource runner do this; answered by jobEnded. Jobs run one at a time, in order of the effects. */
  | {
      readonly kind: 'run'
      readonly job: number
      readonly what: ResourceJobKind
      readonly resourceClass: ResourceClass
      readonly node: NodeName
      readonly why: string
    }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'WARN' | 'ERROR' | 'CRIT'
      readonly text: string
    }
  /** All nodes are heard or declared dead: open the API socket. Once. */
  | { readonly kind: 'communicationUp' }
  | { readonly kind: 'wakeAt'; readonly atMs: number }
  /** The graceful stop is complete. */
  | { readonly kind: 'stopped' }
