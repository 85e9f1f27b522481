/**
 * Who is connected to whom, from the kernel's connection tracking (/proc/net/nf_conntrack). Established TCP connections
 * are active, everything else is inactive, as ipvsadm counts.
 *
 *   ipv4 2 tcp 6 431999 ESTABLISHED src=CLIENT dst=VIRTUAL sport=. dport=80 src=REAL dst=CLIENT sport=8080 dport=. ...
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { canonicalAddress } from '../../core/address.js'
import { type Destination, endpoint, type Service, serviceId, type Table } from '../../core/table.js'
import type { DestinationCounters } from '../forwarder.js'
import { routedConnections } from './gate-connections.js'

const CONNECTIONS_FILE = '/proc/net/nf_conntrack'
const ROWS_MAX = 5_000_000

export interface Tracked {
  readonly protocol: string
  readonly isEstablished: boolean
  readonly virtual: { readonly address: string; readonly port: number }
  readonly real: { readonly address: string; readonly port: number }
}

/** null: no row of TCP or UDP. */
export function trackedOf(row: string): Tracked | null {
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

interface Count extends DestinationCounters {
  activeConnections: number
  inactiveConnections: number
}

const zero = ({ key }: Service, { address, port }: Destination): Count => ({
  key,
  address,
  port,
  activeConnections: 0,
  inactiveConnections: 0,
})

/** Sorts rows to the destinations of a table. A connection of a mark is known by its real server alone. */
export class ConnectionCount {
  readonly #counts: Count[]
  readonly #byRoute = new Map<string, Count>()

  constructor(table: Table) {
    this.#counts = table.services.flatMap(service =>
      service.destinations.map(destination => {
        const count = zero(service, destination)
        const { key } = service
        const via = key.protocol === 'fwm' ? 'fwm' : serviceId(key)
        this.#byRoute.set(`${via} ${endpoint(destination.address, destination.port)}`, count)
        return count
      }),
    )
  }

  add({ protocol, isEstablished, virtual, real }: Tracked): void {
    const servers = [endpoint(real.address, real.port), endpoint(real.address, 0)]
    const via = [
      `${protocol}:${endpoint(virtual.address, virtual.port)}`,
      `${protocol}:${endpoint(virtual.address, 0)}`,
      // What was not translated goes to nobody behind a mark.
      ...(virtual.address === real.address ? [] : ['fwm']),
    ]
    for (const route of via.flatMap(subject => servers.map(server => `${subject} ${server}`))) {
      const count = this.#byRoute.get(route)
      if (count === undefined) continue
      if (isEstablished) count.activeConnections++
      else count.inactiveConnections++
      return
    }
  }

  counts(): readonly DestinationCounters[] {
    return this.#counts
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
