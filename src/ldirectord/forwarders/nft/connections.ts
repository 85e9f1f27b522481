/**
 * Who is connected to whom, from the kernel's connection tracking (/proc/net/nf_conntrack), and from the maps of
 * direct routing.
 *
 *   ipv4 2 tcp 6 431999 ESTABLISHED src=CLIENT dst=VIRTUAL sport=. dport=80 src=REAL dst=CLIENT sport=8080 dport=. ...
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { canonicalAddress } from '../../core/address.js'
import type { Table } from '../../core/table.js'
import type { DestinationCounters } from '../forwarder.js'
import { ConnectionCount, type Tracked } from './connection-count.js'
import { routedConnections } from './gate-connections.js'

const CONNECTIONS_FILE = '/proc/net/nf_conntrack'
const ROWS_MAX = 5_000_000

/** null: no row of TCP or UDP. */
function trackedOf(row: string): Tracked | null {
  const protocol = /^\S+\s+\d+\s+(tcp|udp)\s/.exec(row)?.[1]
  const [virtual, answering] = [...row.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)]
  if (protocol === undefined || virtual === undefined || answering === undefined) return null
  return {
    protocol,
    isEstablished: protocol === 'tcp' && /\sESTABLISHED\s/.test(row),
    virtual: { address: canonicalAddress(virtual[2]!), port: Number(virtual[4]) },
    real: { address: canonicalAddress(answering[1]!), port: Number(answering[3]) },
  }
}

/** Zeros where the kernel shows no connections. `gateTexts`: the tables of direct routing, with their elements. */
export async function countConnections(
  table: Table,
  gateTexts: readonly string[],
  signal: AbortSignal,
): Promise<readonly DestinationCounters[]> {
  const count = new ConnectionCount(table)
  for (const text of gateTexts) for (const tracked of routedConnections(text, table)) count.add(tracked)
  let rows = 0
  try {
    for await (const row of createInterface({ input: createReadStream(CONNECTIONS_FILE, { signal }) })) {
      if (++rows > ROWS_MAX) break
      const tracked = trackedOf(row)
      if (tracked !== null) count.add(tracked)
    }
  } catch {
    // Nothing is tracked yet, or this kernel does not show it.
  }
  return count.counts()
}
