/**
 * LVSRealServer's decisions. A real server behind gate or ipip has the service address itself, on lo or on tunl0, and
 * must not answer ARP for it: else clients reach the real server past the director. So the ARP settings come first and
 * the address second; a stop goes the other way round.
 */
import { isIPv4 } from '../base/ipv4.js'
import { isIPv6, sameAddress } from '../base/ipv6.js'

export type RealServerNic = 'lo' | 'tunl0'

export interface RealServerArguments {
  readonly address: string
  readonly family: 4 | 6
  readonly nic: RealServerNic
}

/** A kernel setting below /proc/sys, the value that is written, and those that do as well. */
export interface Setting {
  readonly path: string
  readonly value: string
  readonly accepted: readonly string[]
}

export interface SetAddress {
  readonly nic: string
  readonly address: string
  readonly prefix: number
}

/** `VIP [lo|tunl0]`. */
export function parseRealServer(args: readonly string[]): RealServerArguments | { readonly problem: string } {
  const [address = '', nic = 'lo'] = args
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : null
  if (family === null || isLocal(address)) {
    return {
      problem: `LVSRealServer wants the address of a virtual service such as 10.0.0.100; found "${address}"`,
    }
  }
  if (nic !== 'lo' && nic !== 'tunl0')
    return { problem: `LVSRealServer wants lo (gate) or tunl0 (ipip); found "${nic}"` }
  if (family === 6 && nic === 'tunl0')
    return { problem: `tunl0 carries IPv4 only; found "${address}": write LVSRealServer::${address}` }
  return { address, family, nic }
}

const isLocal = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || address === '::' || address === '0.0.0.0'

const hostPrefix = ({ family }: RealServerArguments): 32 | 128 => (family === 4 ? 32 : 128)

/**
 * The kernel takes the larger of `all` and the interface, so `all` covers every interface for ARP, while rp_filter
 * needs both. lo answers no neighbour solicitation, so IPv6 needs nothing.
 */
export function settingsOf({ family, nic }: RealServerArguments): readonly Setting[] {
  if (family === 6) return []
  const conf = 'net/ipv4/conf'
  const arp: Setting[] = [
    { path: `${conf}/all/arp_ignore`, value: '1', accepted: ['1', '2', '8'] },
    { path: `${conf}/all/arp_announce`, value: '2', accepted: ['2'] },
  ]
  if (nic === 'lo') return arp
  // What comes out of the tunnel has a client's address, which lies behind another interface.
  const filter = ['all', 'tunl0'].map(name => `${conf}/${name}/rp_filter`)
  return [...arp, ...filter.map(path => ({ path, value: '0', accepted: ['0', '2'] }))]
}

/** Where the address is now, if this start or stop must leave it alone: a sentence; else what it finds. */
export function lookAt(
  asked: RealServerArguments,
  addresses: readonly SetAddress[],
): { readonly isSet: boolean } | { readonly problem: string } {
  const { address, nic } = asked
  const same = addresses.filter(other => sameText(other.address, address))
  const elsewhere = same.find(other => other.nic !== nic)
  if (elsewhere !== undefined)
    return {
      problem: `${address} is on ${elsewhere.nic}, where a director has it; a real server has it on ${nic}: take it away there first`,
    }
  const wide = same.find(other => other.prefix !== hostPrefix(asked))
  if (wide !== undefined)
    return {
      problem: `${nic} has ${address}/${wide.prefix}, which makes the whole network local; wanted is /${hostPrefix(asked)}: run ip addr del ${address}/${wide.prefix} dev ${nic}`,
    }
  return { isSet: same.length > 0 }
}

function sameText(one: string, other: string): boolean {
  return isIPv6(one) && isIPv6(other) ? sameAddress(one, other) : one === other
}

/** Arguments of ip(8) that set the address, or take it away. */
export function addressCommand(asked: RealServerArguments, verb: 'add' | 'del'): readonly string[] {
  const { address, family, nic } = asked
  const detection = family === 6 && verb === 'add' ? ['nodad'] : []
  return [`-${family}`, 'addr', verb, `${address}/${hostPrefix(asked)}`, 'dev', nic, ...detection]
}
