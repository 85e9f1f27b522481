/**
 * Connections counted by the destination that they go to. Established TCP connections are active, everything else is
 * inactive, as ipvsadm counts.
 */
import { type Destination, endpoint, type Service, serviceId, type Table } from '../../core/table.js'
import type { DestinationCounters } from '../forwarder.js'

/** One connection, wherever it was found. */
export interface Tracked {
  readonly protocol: string
  readonly isEstablished: boolean
  readonly virtual: { readonly address: string; readonly port: number }
  readonly real: { readonly address: string; readonly port: number }
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
