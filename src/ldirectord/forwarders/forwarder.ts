/**
 * What ldirectord asks of anything that forwards: show the table, take edits. Kernel IPVS, nftables, the user-space
 * proxy and the in-memory table of the tests pass the same contract suite (test/contract/forwarder).
 */
import type { Edit, Service, ServiceKey, Table } from '../core/table.js'

export interface EditResult {
  readonly edit: Edit
  /** null when applied; else one sentence: what failed and why. */
  readonly error: string | null
}

export interface DestinationCounters {
  readonly key: ServiceKey
  readonly address: string
  readonly port: number
  readonly activeConnections: number
  readonly inactiveConnections: number
}

/** What binds clients to destinations beyond their connections. */
export interface Bindings {
  /** Whether a client of a destination without weight goes elsewhere with its next connection. */
  readonly expiresQuiescent: boolean
  /** Persistent clients by `SERVICE DESTINATION` (serviceId and endpoint); absent: none. */
  readonly templates: ReadonlyMap<string, number>
}

export interface Forwarder {
  /** `ipvs`, `nft`, `proxy`, `memory`. */
  readonly name: string
  /** Whether it does proxyProtocol and forwardedFor; else they do not stand in its table. */
  readonly tellsClients?: boolean
  /** The current table, also of services that are not ours. Rejects with a sentence when it cannot be read. */
  read(signal: AbortSignal): Promise<Table>
  /** Applies the edits in order; a failed one does not stop the others. One result per edit, same order. */
  apply(edits: readonly Edit[], signal: AbortSignal): Promise<readonly EditResult[]>
  counters(signal: AbortSignal): Promise<readonly DestinationCounters[]>
  /** null, or no such function: nobody can tell. */
  readonly bindings?: (signal: AbortSignal) => Promise<Bindings | null>
  /** Threads that forward from now on, at most; null: as many as the forwarder likes. No such function: it has none. */
  readonly setWorkers?: (count: number | null) => Promise<void>
  /** What this forwarder does otherwise than the service asks, a sentence each. */
  readonly concessions?: (service: Service) => readonly string[]
  /** Lets go of what this process holds. The forwarding itself goes on unless the table was emptied before. */
  close(): Promise<void>
}
