/** What a stop takes away: every virtual with cleanstop=yes, its live servers first, as the original does. */
import type { LdirectordConfig } from '../config/model.js'
import { canonicalKey, type IsUp, realDestination } from './desired.js'
import { byServiceId } from './reconcile.js'
import { type Edit, endpoint, serviceId, type Table } from './table.js'

export function stopEdits(config: LdirectordConfig, current: Table, isUp: IsUp): Edit[] {
  const services = byServiceId(current)
  return config.virtuals.flatMap((virtual, virtualIndex): Edit[] => {
    const service = services.get(serviceId(canonicalKey(virtual.key)))
    if (!virtual.cleanstop || service === undefined) return []
    const { key } = service
    const alive = new Set(
      virtual.reals
        .filter((_, realIndex) => isUp(virtualIndex, realIndex))
        .map(real => realDestination(key, real, 0))
        .map(({ address, port }) => endpoint(address, port)),
    )
    return [
      ...service.destinations
        .filter(({ address, port }) => alive.has(endpoint(address, port)))
        .map((destination): Edit => ({ kind: 'deleteDestination', key, destination })),
      { kind: 'deleteService', key },
    ]
  })
}
