/**
 * Pieces of nftables rules that the translating table (text.ts) and the tables of direct routing (gate.ts) share: what a
 * client is to persistence, how a service is found from a packet, how one of several is picked.
 */
import { isLoopback as isLoopback4 } from '../../../base/ipv4.js'
import type { Service, ServiceKey } from '../../core/table.js'
import { choiceOf } from './scheduling.js'

/** Persistent clients of one destination at most. */
const CLIENTS_MAX = 1_048_576

export type IsLocal = (address: string) => boolean

export const isLoopback = (address: string): boolean => isLoopback4(address) || address === '::1'

export const ip = (key: ServiceKey): string => (key.family === 6 ? 'ip6' : 'ip')
export const isPortless = (key: ServiceKey): boolean => key.protocol !== 'fwm' && key.port === 0

/** The mask of an IPv6 prefix length, spelled out. */
function ipv6Mask(bits: number): string {
  const words = Array.from({ length: 8 }, (_, at) => Math.min(16, Math.max(0, bits - at * 16)))
  return words.map(word => ((0xffff << (16 - word)) & 0xffff).toString(16)).join(':')
}

/** The client as persistence knows it. */
export function client({ key, netmask }: Service): string {
  const source = `${ip(key)} saddr`
  if (netmask === null || netmask === '255.255.255.255' || netmask === '128') return source
  return `${source} & ${key.family === 6 ? ipv6Mask(Number(netmask)) : netmask}`
}

/** Persistent clients; the rule that finds one tells how long it stays. */
export function clientSet(table: string, { family }: ServiceKey, name: string): string {
  const type = family === 6 ? 'ipv6_addr' : 'ipv4_addr'
  return `add set ${table} ${name} { type ${type}; flags dynamic,timeout; size ${CLIENTS_MAX}; }`
}

const PICK = {
  numgen: () => 'numgen inc',
  source: at => `jhash ${at} saddr`,
  'source-port': at => `jhash ${at} saddr . th sport`,
  destination: at => `jhash ${at} daddr`,
} satisfies Record<string, (at: string) => string>

/** One of the verdicts, of which there is one a slot. */
export function pick(service: Service, verdicts: readonly string[]): string {
  const choice = choiceOf(service)
  const seed = choice === 'numgen' ? '' : ' seed 0x5e5701e'
  const map = verdicts.map((verdict, at) => `${at} : ${verdict}`).join(', ')
  return `${PICK[choice](ip(service.key))} mod ${verdicts.length}${seed} vmap { ${map} }`
}

/** Rules that lead a packet to its service, of one family. A mark counts before an address, as in IPVS. */
export function dispatch(
  keys: readonly ServiceKey[],
  nfproto: string,
  verdict: (key: ServiceKey) => string,
): string[] {
  const ports: string[] = []
  const hosts: string[] = []
  const marks: string[] = []
  for (const key of keys) {
    const leads = ` : ${verdict(key)}`
    if (key.protocol === 'fwm') marks.push(`${key.mark}${leads}`)
    else if (key.port === 0) hosts.push(`${key.address} . ${key.protocol}${leads}`)
    else ports.push(`${key.address} . ${key.protocol} . ${key.port}${leads}`)
  }
  const at = keys[0] && ip(keys[0])
  return [
    ...vmap(`${nfproto}meta mark`, marks),
    ...vmap(`${at} daddr . meta l4proto . th dport`, ports),
    ...vmap(`${at} daddr . meta l4proto`, hosts),
  ]
}

const vmap = (selector: string, entries: readonly string[]): string[] =>
  entries.length === 0 ? [] : [`${selector} vmap { ${entries.join(', ')} }`]
