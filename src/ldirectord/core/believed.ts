/**
 * What ldirectord believes the table to be between two looks at it, and how a hand edit is respected meanwhile: only
 * entries whose desired value changed are written. An administrator's weight 0 therefore lasts until the server's
 * state changes or the file is loaded again, as with the original, and no decision costs a read of the table.
 */
import { byServiceId, sameDestination, sameService } from './reconcile.js'
import { type Destination, type Edit, endpoint, type Service, serviceId, type Table } from './table.js'

const id = (destination: Destination): string => endpoint(destination.address, destination.port)
const find = (list: readonly Destination[], wanted: Destination): Destination | undefined =>
  list.find(candidate => id(candidate) === id(wanted))

/**
 * Where an edit failed the table is not as believed. This is the belief corrected for the services of the failed
 * edits: entries that the edits were about are shown as they really are, all others as they should be.
 */
export function correctedBelief(
  desired: Table,
  believed: Table,
  actual: Table,
  failed: readonly Edit[],
): Table {
  const before = byServiceId(believed)
  const real = byServiceId(actual)
  const doubted = new Set(failed.map(edit => serviceId('service' in edit ? edit.service.key : edit.key)))
  const services: Service[] = []
  for (const [key, service] of before) if (!doubted.has(key)) services.push(service)
  for (const key of doubted) {
    const shown = real.get(key)
    if (shown !== undefined) services.push(withoutHandEdits(desired, before.get(key), shown))
  }
  return { services }
}

/** The service as it is, except that entries whose desired value did not change count as being right. */
function withoutHandEdits(desired: Table, believed: Service | undefined, actual: Service): Service {
  const wanted = desired.services.find(service => serviceId(service.key) === serviceId(actual.key))
  if (wanted === undefined || believed === undefined) return actual
  const unchanged = wanted.destinations.filter(destination => {
    const old = find(believed.destinations, destination)
    return old !== undefined && sameDestination(old, destination)
  })
  const others = actual.destinations.filter(
    // A server that an administrator added beside ours is not ours to remove before the next load of the file.
    destination =>
      find(unchanged, destination) === undefined &&
      (find(wanted.destinations, destination) !== undefined ||
        find(believed.destinations, destination) !== undefined),
  )
  const settings = sameService(believed, wanted) ? wanted : actual
  return { ...settings, destinations: [...unchanged, ...others] }
}

export interface Vanished {
  /** What was believed, less what is not there any more. */
  readonly left: Table
  /** A text for each service, or destination of one that is still there. */
  readonly names: readonly string[]
}

/**
 * What somebody else removed from the table: whole services, and destinations that had a weight. A dead entry that
 * an administrator removed, and a weight that he set, stay as he wants until the server's state changes.
 */
export function vanishedFrom(believed: Table, actual: Table): Vanished {
  const there = byServiceId(actual)
  const names: string[] = []
  const services = believed.services.flatMap((service): Service[] => {
    const shown = there.get(serviceId(service.key))
    if (shown === undefined) {
      names.push(serviceId(service.key))
      return []
    }
    const shownIds = new Set(shown.destinations.map(id))
    const destinations = service.destinations.filter(destination => {
      const isGone = destination.weight > 0 && !shownIds.has(id(destination))
      if (isGone) names.push(`${id(destination)} of ${serviceId(service.key)}`)
      return !isGone
    })
    return [{ ...service, destinations }]
  })
  return { left: { services }, names }
}

/**
 * With readdquiescent=no a dead server that somebody removed from the table stays away: its weight 0 entry is not
 * wanted where it is neither there nor on its way up.
 */
export function withoutReaddition(desired: Table, believed: Table): Table {
  const there = byServiceId(believed)
  return {
    services: desired.services.map(service => {
      const old = there.get(serviceId(service.key))
      if (old === undefined) return service
      return {
        ...service,
        destinations: service.destinations.filter(
          destination => destination.weight > 0 || find(old.destinations, destination) !== undefined,
        ),
      }
    }),
  }
}
