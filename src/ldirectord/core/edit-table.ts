/**
 * What an edit does to a table, as the kernel does it: the meaning of the word "apply" for the in-memory forwarder,
 * for the laws of reconcile and for what ldirectord believes the table to be. An edit that the kernel would refuse
 * changes nothing and says why, in ipvsadm's words.
 */
import { unreachable } from '../../base/assert.js'
import { type Destination, type Edit, endpoint, type Service, serviceId, type Table } from './table.js'

export interface Edited {
  readonly table: Table
  /** null: applied. */
  readonly error: string | null
}

const destinationId = (destination: Destination): string => endpoint(destination.address, destination.port)

function replaceService(table: Table, id: string, change: (service: Service) => Service | null): Table {
  return {
    services: table.services.flatMap(service => {
      if (serviceId(service.key) !== id) return [service]
      const changed = change(service)
      return changed === null ? [] : [changed]
    }),
  }
}

export function applyEdit(table: Table, edit: Edit): Edited {
  const refused = (error: string): Edited => ({ table, error })
  const id = serviceId('service' in edit ? edit.service.key : edit.key)
  const service = table.services.find(candidate => serviceId(candidate.key) === id)
  switch (edit.kind) {
    case 'addService':
      if (service) return refused('Service already exists')
      return { table: { services: [...table.services, { ...edit.service, destinations: [] }] }, error: null }
    case 'editService':
      if (!service) return refused('No such service')
      return {
        table: replaceService(table, id, old => ({ ...edit.service, destinations: old.destinations })),
        error: null,
      }
    case 'deleteService':
      if (!service) return refused('No such service')
      return { table: replaceService(table, id, () => null), error: null }
    case 'addDestination':
    case 'editDestination':
    case 'deleteDestination':
      return service ? applyToDestinations(table, service, id, edit) : refused('Service not defined')
    default:
      return unreachable(edit)
  }
}

type DestinationEdit = Extract<Edit, { destination: Destination }>

function applyToDestinations(table: Table, service: Service, id: string, edit: DestinationEdit): Edited {
  const wanted = destinationId(edit.destination)
  const exists = service.destinations.some(destination => destinationId(destination) === wanted)
  if (edit.kind === 'addDestination' && exists) return { table, error: 'Destination already exists' }
  if (edit.kind !== 'addDestination' && !exists) return { table, error: 'No such destination' }
  const destinations =
    edit.kind === 'addDestination'
      ? [...service.destinations, edit.destination]
      : service.destinations.flatMap(destination => {
          if (destinationId(destination) !== wanted) return [destination]
          return edit.kind === 'editDestination' ? [edit.destination] : []
        })
  return { table: replaceService(table, id, old => ({ ...old, destinations })), error: null }
}

/** All edits in order; those that are refused change nothing. */
export function applyEdits(table: Table, edits: readonly Edit[]): Table {
  return edits.reduce((before, edit) => applyEdit(before, edit).table, table)
}
