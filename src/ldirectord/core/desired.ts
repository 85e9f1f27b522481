/**
 * What the table should be, from the file and from which real servers are up. A server that is down or not yet known
 * stays listed with weight 0 (quiescent=yes) or is absent (quiescent=no); the fallback is there only while no real
 * server serves. A drained server is listed with weight 0 whatever its checks say. Everything is written as the kernel will show it, so that "equal" means "nothing to do".
 */
import type { Fallback, LdirectordConfig, RealServer, VirtualService } from '../config/model.js'
import { canonicalAddress } from './address.js'
import {
  type Destination,
  endpoint,
  type ForwardMethod,
  type Service,
  type ServiceKey,
  type Table,
} from './table.js'

/** Whether the real server at this place of the file (virtual, real) is up. */
export type IsUp = (virtualIndex: number, realIndex: number) => boolean

/** The weight of the real server at this place while it serves. */
export type WeightOf = (virtualIndex: number, realIndex: number) => number

const nobody: IsUp = () => false

/**
 * The kernel has no port mapping for direct routing and tunnels: ipvsadm writes the service's port instead of the
 * given one. Doing the same here keeps the entry findable afterwards.
 */
function tablePort(key: ServiceKey, method: ForwardMethod, port: number): number {
  return key.protocol === 'fwm' || method === 'masq' ? port : key.port
}

export function canonicalKey(key: ServiceKey): ServiceKey {
  return key.protocol === 'fwm' ? key : { ...key, address: canonicalAddress(key.address) }
}

export function realDestination(key: ServiceKey, real: RealServer, weight: number): Destination {
  return {
    address: canonicalAddress(real.address),
    port: tablePort(key, real.method, real.port),
    method: real.method,
    weight,
    upper: real.upper,
    lower: real.lower,
  }
}

/** A quiescent server has no thresholds: as the original leaves it, they come back together with its weight. */
function quiescentDestination(key: ServiceKey, real: RealServer): Destination {
  return { ...realDestination(key, real, 0), upper: 0, lower: 0 }
}

export function fallbackOf(config: LdirectordConfig, virtual: VirtualService): Fallback | null {
  return virtual.fallback ?? (virtual.key.family === 6 ? config.fallback6 : config.fallback)
}

export function fallbackDestination(key: ServiceKey, fallback: Fallback): Destination {
  const written = fallback.port ?? (key.protocol === 'fwm' ? 0 : key.port)
  return {
    address: canonicalAddress(fallback.address),
    port: tablePort(key, fallback.method, written),
    method: fallback.method,
    weight: 1,
    upper: 0,
    lower: 0,
  }
}

/** The kernel stores a mask that means "this host alone" as none at all. */
function canonicalMask(virtual: VirtualService): string | null {
  const host = virtual.key.family === 6 ? '128' : '255.255.255.255'
  return virtual.persistent === null || virtual.netmask === host ? null : virtual.netmask
}

function desiredDestinations(
  config: LdirectordConfig,
  index: number,
  isUp: IsUp,
  isDrained: IsUp,
  weightOf: WeightOf | null,
): Destination[] {
  const virtual = config.virtuals[index]!
  const key = canonicalKey(virtual.key)
  const entries = new Map<string, Destination>()
  const put = (destination: Destination): void => {
    entries.set(endpoint(destination.address, destination.port), destination)
  }
  // The same server may be written twice: it is one entry, and one of the two being up is enough.
  virtual.reals.forEach((real, realIndex) => {
    if (isUp(index, realIndex)) return
    if (virtual.quiescent || isDrained(index, realIndex))
      put(asReal(quiescentDestination(key, real), virtual))
  })
  let anyUp = false
  virtual.reals.forEach((real, realIndex) => {
    if (!isUp(index, realIndex)) return
    anyUp = true
    const weight = weightOf?.(index, realIndex) ?? real.weight
    put(asReal(realDestination(key, real, weight), virtual))
  })
  const fallback = fallbackOf(config, virtual)
  if (!anyUp && fallback !== null) put(fallbackDestination(key, fallback))
  return [...entries.values()]
}

/** The fallback, ldirectord's own page or a plain server on this machine, expects no header. */
const asReal = (destination: Destination, { proxyprotocol }: VirtualService): Destination =>
  proxyprotocol === null ? destination : { ...destination, proxyProtocol: proxyprotocol }

export function desiredService(
  config: LdirectordConfig,
  index: number,
  isUp: IsUp,
  isDrained: IsUp = nobody,
  weightOf: WeightOf | null = null,
): Service {
  const virtual = config.virtuals[index]!
  return {
    key: canonicalKey(virtual.key),
    scheduler: virtual.scheduler,
    persistentSeconds: virtual.persistent,
    netmask: canonicalMask(virtual),
    schedulerFlags: virtual.schedflags
      .split(',')
      .filter(flag => flag !== '')
      .sort()
      .join(','),
    ops: virtual.ops && virtual.key.protocol === 'udp',
    ...(virtual.forwardedfor && { forwardedFor: true as const }),
    destinations: desiredDestinations(config, index, isUp, isDrained, weightOf),
  }
}

/**
 * @param isUp whether the server serves (Director.serves), not only passes its checks
 * @param weightOf null: the weight of the file
 */
export function desiredTable(
  config: LdirectordConfig,
  isUp: IsUp,
  isDrained: IsUp = nobody,
  weightOf: WeightOf | null = null,
): Table {
  return {
    services: config.virtuals.map((_, index) => desiredService(config, index, isUp, isDrained, weightOf)),
  }
}
