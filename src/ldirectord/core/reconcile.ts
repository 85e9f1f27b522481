/**
 * The only place that decides edits: what turns the current table into the desired one. Start, reload, a failed edit,
 * an adopted table and a check that changed its mind are the same case.
 *
 * The order is part of the contract. Whatever gives a service a server comes before whatever takes one away, so a
 * service that can serve before and after can serve all the time in between. Services that are neither desired nor
 * owned belong to somebody else and are never touched.
 */
import { type Destination, type Edit, endpoint, type Service, serviceId, type Table } from './table.js'

const byEndpoint = (destinations: readonly Destination[]): Map<string, Destination> =>
  new Map(destinations.map(destination => [endpoint(destination.address, destination.port), destination]))

export function byServiceId(table: Table): Map<string, Service> {
  return new Map(table.services.map(service => [serviceId(service.key), service]))
}

export function sameService(a: Service, b: Service): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.persistentSeconds === b.persistentSeconds &&
    a.netmask === b.netmask &&
    a.schedulerFlags === b.schedulerFlags &&
    a.ops === b.ops &&
    a.forwardedFor === b.forwardedFor
  )
}

export function sameDestination(a: Destination, b: Destination): boolean {
  return (
    a.method === b.method &&
    a.weight === b.weight &&
    a.upper === b.upper &&
    a.lower === b.lower &&
    a.proxyProtocol === b.proxyProtocol
  )
}

/** The edits of one service, already in a safe order. */
function destinationEdits(desired: Service, current: readonly Destination[]): Edit[] {
  const { key } = desired
  const had = byEndpoint(current)
  const wanted = byEndpoint(desired.destinations)
  const giving: Edit[] = []
  const neutral: Edit[] = []
  const taking: Edit[] = []
  for (const [id, destination] of wanted) {
    const old = had.get(id)
    if (old === undefined) {
      const list = destination.weight > 0 ? giving : neutral
      list.push({ kind: 'addDestination', key, destination })
    } else if (!sameDestination(old, destination)) {
      const list = destination.weight === 0 && old.weight > 0 ? taking : giving
      list.push({ kind: 'editDestination', key, destination })
    }
  }
  for (const [id, destination] of had)
    if (!wanted.has(id)) taking.push({ kind: 'deleteDestination', key, destination })
  return [...giving, ...neutral, ...taking]
}

/**
 * @param owned ids of services that this process put there (or took over) and may therefore remove
 */
export function reconcile(desired: Table, current: Table, owned: ReadonlySet<string>): Edit[] {
  const had = byServiceId(current)
  const wanted = byServiceId(desired)
  const edits: Edit[] = []
  for (const [id, service] of wanted) {
    const old = had.get(id)
    if (old === undefined) edits.push({ kind: 'addService', service })
    else if (!sameService(old, service)) edits.push({ kind: 'editService', service })
    edits.push(...destinationEdits(service, old?.destinations ?? []))
  }
  for (const [id, service] of had)
    if (!wanted.has(id) && owned.has(id)) edits.push({ kind: 'deleteService', key: service.key })
  return edits
}
