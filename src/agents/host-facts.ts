/** What `ip -j` or the kernel says about this machine, read into the few facts that the address agents decide by. */

import { isIPv4 } from '../base/ipv4.js'
import type { NetlinkRecord } from '../base/netlink.js'

export interface HostAddress {
  readonly nic: string
  readonly address: string
  readonly prefix: number
  readonly broadcast: string | null
  readonly label: string
}

export interface HostRoute {
  readonly network: string
  readonly prefix: number
  readonly nic: string
}

export interface HostFacts {
  readonly nics: readonly string[]
  /** Those that are up already; nothing is known when absent. */
  readonly nicsUp?: readonly string[]
  readonly addresses: readonly HostAddress[]
  readonly routes: readonly HostRoute[]
}

/** `ip -j` answers are arrays of objects; anything else reads as an empty list. */
function objects(json: string): Record<string, unknown>[] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return [] // an ip without -j, or no answer: nothing is known then
  }
  if (!Array.isArray(value)) return []
  return value.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** From `ip -j -4 addr show` and `ip -j link show` alike. */
export function readAddresses(json: string): Pick<HostFacts, 'nics' | 'addresses'> {
  const nics: string[] = []
  const addresses: HostAddress[] = []
  for (const link of objects(json)) {
    const nic = text(link.ifname)
    if (nic === '') continue
    nics.push(nic)
    if (!Array.isArray(link.addr_info)) continue
    for (const info of link.addr_info as Record<string, unknown>[]) {
      const address = text(info?.local)
      if (!isIPv4(address) || typeof info.prefixlen !== 'number') continue
      addresses.push({
        nic,
        address,
        prefix: info.prefixlen,
        broadcast: text(info.broadcast) || null,
        label: text(info.label) || nic,
      })
    }
  }
  return { nics, addresses }
}

/** From `ip -j -4 route show`. The default route is the network 0.0.0.0/0. */
export function readRoutes(json: string): HostRoute[] {
  const routes: HostRoute[] = []
  for (const route of objects(json)) {
    const destination = text(route.dst) === 'default' ? '0.0.0.0/0' : text(route.dst)
    const [network = '', prefix = '32'] = destination.split('/')
    const nic = text(route.dev)
    if (nic !== '' && isIPv4(network)) routes.push({ network, prefix: Number(prefix), nic })
  }
  return routes
}

/** What the kernel tells itself. An interface that went between two answers is left out. */
export function factsFromKernel(records: readonly NetlinkRecord[]): HostFacts {
  const links = records.filter(record => record.kind === 'link')
  const nics = new Map(links.map(({ index, name }) => [index, name]))
  const addresses: HostAddress[] = []
  const routes: HostRoute[] = []
  for (const record of records) {
    const nic = nics.get(record.index)
    if (nic === undefined || record.kind === 'link') continue
    if (record.kind === 'route') routes.push({ network: record.network, prefix: record.prefix, nic })
    else {
      const { address, prefix, broadcast, label } = record
      addresses.push({ nic, address, prefix, broadcast, label: label ?? nic })
    }
  }
  const nicsUp = links.filter(({ isUp }) => isUp).map(({ name }) => name)
  return { nics: [...nics.values()], nicsUp, addresses, routes }
}
