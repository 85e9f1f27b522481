/**
 * ICMP errors about connections of direct routing, such as "fragmentation needed": a router sends them to the service's
 * address, and the real server must hear of them. They quote the head of the server's packet, which tells the service but,
 * with the ports the other way round, no key of a connection map; so all real servers of the service get a copy, within a
 * limit, and the one that has the connection knows it.
 *
 *   8 bytes ICMP, then the quoted packet: its protocol, its source (our address), its source port
 */
import { toNumber } from '../../../base/ipv4.js'
import { toBits } from '../../../base/ipv6.js'
import type { Service, ServiceKey } from '../../core/table.js'
import { serviceChain } from './names.js'

const COPIES_PER_SECOND = 100

/** What an error is, and where it quotes what, in bits: protocol, source, source port behind a header without options. */
const QUOTED = {
  4: {
    error: 'icmp type { destination-unreachable, time-exceeded }',
    protocol: 136,
    source: '160,32',
    port: 224,
  },
  6: {
    error: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded }',
    protocol: 112,
    source: '128,128',
    port: 384,
  },
} as const
const NUMBERS = { tcp: 6, udp: 17 } as const

export const errorsChain = ({ key }: Pick<Service, 'key'>): string => `${serviceChain(key)}/errors`

const hexadecimal = ({ address, family }: Exclude<ServiceKey, { protocol: 'fwm' }>): string =>
  `0x${family === 6 ? toBits(address).toString(16) : toNumber(address).toString(16)}`

/** The rules that lead an error to its service; nobody tells the addresses of a mark. */
export function errorLeads(services: readonly Service[]): string[] {
  return services.flatMap(({ key }) => {
    if (key.protocol === 'fwm') return []
    const { error, protocol, source, port } = QUOTED[key.family]
    const fromPort = key.port === 0 ? '' : ` @th,${port},16 ${key.port}`
    const quoted = `@th,${protocol},8 ${NUMBERS[key.protocol]} @th,${source} ${hexadecimal(key)}${fromPort}`
    return [`${error} ${quoted} goto ${errorsChain({ key })}`]
  })
}

/** The rules of a service's chain. This machine hears of it too: it may be the server. */
export function errorRules(addresses: readonly string[]): string[] {
  return [
    `limit rate over ${COPIES_PER_SECOND}/second return`,
    ...addresses.map(address => `dup to ${address}`),
  ]
}
