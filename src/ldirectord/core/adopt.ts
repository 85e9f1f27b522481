/**
 * What a start or a reload takes over from the table it finds. A server that already serves goes on serving until a
 * check says otherwise, so neither a restart of ldirectord nor a reload interrupts anybody.
 */
import type { LdirectordConfig, RealServer } from '../config/model.js'
import { canonicalKey, realDestination } from './desired.js'
import type { Target } from './director-contract.js'
import { byServiceId } from './reconcile.js'
import { endpoint, serviceId, type Table } from './table.js'

/**
 * @param isMaintained servers under maintenance are not adopted: their state starts from nothing
 */
export function adoptedTargets(
  config: LdirectordConfig,
  current: Table,
  isMaintained: (real: RealServer) => boolean,
): Target[] {
  const services = byServiceId(current)
  return config.virtuals.flatMap((virtual, virtualIndex) => {
    const service = services.get(serviceId(canonicalKey(virtual.key)))
    if (service === undefined || virtual.checktype === 'off') return []
    const serving = new Set(
      service.destinations
        .filter(destination => destination.weight > 0)
        .map(destination => endpoint(destination.address, destination.port)),
    )
    return virtual.reals.flatMap((real, realIndex) => {
      const { address, port } = realDestination(service.key, real, real.weight)
      const adopted = serving.has(endpoint(address, port)) && real.weight > 0 && !isMaintained(real)
      return adopted ? [{ virtual: virtualIndex, real: realIndex }] : []
    })
  })
}
