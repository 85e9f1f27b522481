/**
 * What an edit does to a table, as the kernel does it: the meaning of the word "apply" for the in-memory forwarder,
 * for the laws of reconcile and for what ldirectord believes the table to be. An edit that the kernel would refuse
 * changes nothing and says why, in ipvsadm's words.
 *
 * Ten thousand edits of as many entries are one start of a big file, so entries are found by their names, and only the
 * services that an edit touches are taken apart.
 */
import { unreachable } from '../../base/assert.js'
import { type Destination, type Edit, endpoint, type Service, serviceId, type Table } from './table.js'

export interface Edited {
  readonly table: Table
  /** null: applied. */
  readonly error: string | null
}

export function applyEdit(table: Table, edit: Edit): Edited {
  const draft = new Draft(table)
  const error = draft.apply(edit)
  return { table: error === null ? draft.table() : table, error }
}

/** All edits in order; those that are refused change nothing. */
export function applyEdits(table: Table, edits: readonly Edit[]): Table {
  return editTogether(table, edits).table
}

/** All edits in order, and of each why it was refused. The work is that of the edits, not edits times table. */
export function editTogether(
  table: Table,
  edits: readonly Edit[],
): { readonly table: Table; readonly errors: readonly (string | null)[] } {
  const draft = new Draft(table)
  const errors = edits.map(edit => draft.apply(edit))
  return { table: draft.table(), errors }
}

type DestinationEdit = Extract<Edit, { destination: Destination }>

const destinationId = (destination: Destination): string => endpoint(destination.address, destination.port)

/** A table while it is edited. Both maps keep the order in which the kernel would list what was added. */
class Draft {
  readonly #services: Map<string, Service>
  /** The servers of the services that an edit has touched. */
  readonly #destinations = new Map<string, Map<string, Destination>>()

  constructor(table: Table) {
    this.#services = new Map(table.services.map(service => [serviceId(service.key), service]))
  }

  table(): Table {
    return {
      services: [...this.#services].map(([id, service]) => {
        const touched = this.#destinations.get(id)
        return touched === undefined ? service : { ...service, destinations: [...touched.values()] }
      }),
    }
  }

  /** Why the kernel refuses; null: applied. */
  apply(edit: Edit): string | null {
    const id = serviceId('service' in edit ? edit.service.key : edit.key)
    const service = this.#services.get(id)
    switch (edit.kind) {
      case 'addService':
        if (service) return 'Service already exists'
        this.#services.set(id, { ...edit.service, destinations: [] })
        return null
      case 'editService':
        if (!service) return 'No such service'
        this.#services.set(id, { ...edit.service, destinations: service.destinations })
        return null
      case 'deleteService':
        if (!service) return 'No such service'
        this.#services.delete(id)
        this.#destinations.delete(id)
        return null
      case 'addDestination':
      case 'editDestination':
      case 'deleteDestination':
        return service ? this.#applyToDestinations(id, service, edit) : 'Service not defined'
      default:
        return unreachable(edit)
    }
  }

  #applyToDestinations(id: string, service: Service, edit: DestinationEdit): string | null {
    const destinations = this.#destinationsOf(id, service)
    const wanted = destinationId(edit.destination)
    const exists = destinations.has(wanted)
    if (edit.kind === 'addDestination' && exists) return 'Destination already exists'
    if (edit.kind !== 'addDestination' && !exists) return 'No such destination'
    if (edit.kind === 'deleteDestination') destinations.delete(wanted)
    else destinations.set(wanted, edit.destination)
    return null
  }

  #destinationsOf(id: string, service: Service): Map<string, Destination> {
    const touched = this.#destinations.get(id)
    if (touched !== undefined) return touched
    const fresh = new Map(service.destinations.map(entry => [destinationId(entry), entry]))
    this.#destinations.set(id, fresh)
    return fresh
  }
}
