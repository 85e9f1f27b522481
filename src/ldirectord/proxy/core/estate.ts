/** What of a table goes from one process to the next: its services, who is bound to which server, what is open. */

import type { LiveTable } from './live-table.js'
import type { Estate, Held } from './succession.js'

export function bindingsOf({ services }: LiveTable, nowMs: number): Estate['bindings'] {
  return [...services.values()].map(({ id, persistence }) => ({
    service: id,
    clients: persistence.bindings(nowMs),
  }))
}

/** The connections of this process alone, wherever there are any. */
export function heldIn({ services }: LiveTable): Held[] {
  return [...services.values()].flatMap(({ id: service, destinations, leaving }) =>
    [...destinations.values(), ...leaving.values()].flatMap(({ id: destination, own }) =>
      own.active + own.inactive > 0 ? [{ service, destination, ...own }] : [],
    ),
  )
}

/** Fills an empty table. */
export function inheritTable(live: LiveTable, { table, bindings }: Estate, nowMs: number): void {
  for (const service of table.services) {
    live.apply({ kind: 'addService', service })
    for (const destination of service.destinations) {
      live.apply({ kind: 'addDestination', key: service.key, destination })
    }
  }
  for (const { service: id, clients } of bindings) {
    const service = live.services.get(id)
    for (const binding of clients) {
      const destination = service?.destinations.get(binding.destination)
      if (destination) service?.persistence.inherit(binding, destination, nowMs)
    }
  }
}
