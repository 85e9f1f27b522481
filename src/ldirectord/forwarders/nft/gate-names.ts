/**
 * Names and keys of direct routing's tables (gate.ts), shared by who writes, reads and counts there.
 */
import { toNumber } from '../../../base/ipv4.js'
import type { Destination, Service, ServiceKey, Table } from '../../core/table.js'
import { serviceChain, spelled } from './names.js'

export type Family = 4 | 6

export const GATE_TABLES: Readonly<Record<Family, string>> = { 4: 'ip systole', 6: 'ip6 systole' }

/** The chains that the kernel calls: for every packet, and for those of no known connection. */
export const ARRIVING = 'arriving'
export const CHOOSING = 'choosing'

export const CONNECTIONS_MAX = 1_048_576

/**
 * Both addresses and both ports for IPv4. A key of a map that rules fill may have 16 bytes at most (nft 1.0.6 gives it no
 * more registers and then aborts or mixes them up), so of IPv6 it has 12 bytes of the client's address and the ports, and
 * each virtual address has maps of its own: a zone. Services by mark, whose addresses nobody tells, share the zone ''.
 */
export const CONNECTION: Readonly<Record<Family, string>> = {
  4: 'ip saddr . ip daddr . @th,0,32',
  6: '@nh,96,96 . @th,0,32',
}
/** With an extension header the ports would stand elsewhere. */
export const TRANSPORT: Readonly<Record<Family, string>> = { 4: 'meta l4proto', 6: 'ip6 nexthdr' }

export const SECONDS = { opening: 60, open: 900, closing: 120, datagrams: 300 } as const
export type ConnectionMap = keyof typeof SECONDS
export const MAPS = Object.keys(SECONDS) as ConnectionMap[]

export const ZONE_CHAINS = ['known', ...MAPS, 'opened', 'close', 'send', 'forget'] as const
export type ZoneChain = (typeof ZONE_CHAINS)[number]

/** What the connection maps know a real server by. In a service an IPv4 address is told by it, of IPv6 a hash. */
export function markOf({ address }: Pick<Destination, 'address'>): number {
  if (!address.includes(':')) return toNumber(address)
  let hash = 0x811c9dc5
  for (const letter of address) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0
  return hash
}

/** What the names of a service's connection maps end with. */
export const zoneOf = (key: ServiceKey): string =>
  key.family === 4 || key.protocol === 'fwm' ? '' : `_${spelled(key.address)}`

export const zonesOf = (services: readonly Service[]): string[] => [
  ...new Set(services.map(({ key }) => zoneOf(key))),
]

export const knownChain = ({ key }: Service): string => `${serviceChain(key)}/known`
export const othersChain = ({ key }: Service): string => `${serviceChain(key)}/others`

export const hasGate = ({ destinations }: Service): boolean =>
  destinations.some(({ method }) => method === 'gate')

/** Whether a table has real servers of one family that are, or may be, routed. */
export const familiesWithGate = ({ services }: Table): Family[] =>
  ([4, 6] as const).filter(family =>
    services.some(service => service.key.family === family && hasGate(service)),
  )
