/**
 * IPv6addr's decisions: from `ip[/prefix[/nic]]` and what `ip -j -6` says to the `ip` commands. As measured on the
 * original, the interface and the prefix length are those of the network that the address lies in.
 */

import { inSameNetwork6, isIPv6, sameAddress } from '../base/ipv6.js'
import { EXIT } from './agent.js'

export interface Ipv6Argument {
  readonly address: string
  readonly prefix: number | null
  readonly nic: string | null
}

export interface Ipv6Address {
  readonly nic: string
  readonly address: string
  readonly prefix: number
  /** Duplicate address detection (RFC 4862) has not ended. */
  readonly isTentative: boolean
  /** Another machine has this address. */
  readonly isDuplicate: boolean
}

export interface Ipv6Facts {
  readonly nics: readonly string[]
  readonly addresses: readonly Ipv6Address[]
}

export type Ipv6Plan =
  | { readonly kind: 'nothing'; readonly nic: string }
  | { readonly kind: 'refuse'; readonly exitCode: number; readonly because: string }
  | {
      readonly kind: 'run'
      readonly nic: string
      readonly commands: readonly (readonly string[])[]
      /** The kernel looks for duplicates, and the address is not usable before it has ended. */
      readonly isDetectedByKernel: boolean
    }

export function parseIpv6Argument(text: string): Ipv6Argument | { readonly problem: string } {
  const [address = '', prefixText = '', nicText = '', ...more] = text.split('/')
  if (!isIPv6(address)) return { problem: `wants an IPv6 address such as 2001:db8::1; found "${address}"` }
  if (!/^(?:\d{1,3})?$/.test(prefixText) || Number(prefixText) > 128) {
    return { problem: `wants a prefix length from 0 to 128 after the address; found "${prefixText}"` }
  }
  if (more.length > 0 || !/^(?:[A-Za-z][A-Za-z0-9_.@-]{0,14})?$/.test(nicText)) {
    return { problem: `wants an interface name such as eth0; found "${[nicText, ...more].join('/')}"` }
  }
  return {
    address,
    prefix: prefixText === '' ? null : Number(prefixText),
    nic: nicText === '' ? null : nicText,
  }
}

/** From `ip -j -6 addr show`; anything else reads as no address. */
export function readIpv6Addresses(json: string): Ipv6Address[] {
  let links: unknown
  try {
    links = JSON.parse(json)
  } catch {
    return [] // an ip without -j, or no answer: nothing is known then
  }
  if (!Array.isArray(links)) return []
  const addresses: Ipv6Address[] = []
  for (const link of links as { ifname?: unknown; addr_info?: unknown }[]) {
    if (typeof link?.ifname !== 'string' || !Array.isArray(link.addr_info)) continue
    for (const info of link.addr_info as Record<string, unknown>[]) {
      const { local, prefixlen } = info
      if (typeof local !== 'string' || !isIPv6(local) || typeof prefixlen !== 'number') continue
      addresses.push({
        nic: link.ifname,
        address: local,
        prefix: prefixlen,
        isTentative: info.tentative === true,
        isDuplicate: info.dadfailed === true,
      })
    }
  }
  return addresses
}

/** Where the address is. On lo it is a real server's, which is not the service address being up. */
export function findIpv6(argument: Ipv6Argument, addresses: readonly Ipv6Address[]): Ipv6Address | undefined {
  return addresses.find(
    at =>
      sameAddress(at.address, argument.address) &&
      at.nic !== 'lo' &&
      (argument.nic === null || at.nic === argument.nic),
  )
}

function networkOf(argument: Ipv6Argument, facts: Ipv6Facts): Ipv6Address | null {
  return facts.addresses
    .filter(at => at.nic !== 'lo' && at.prefix > 0 && at.prefix < 128)
    .filter(at => argument.nic === null || at.nic === argument.nic)
    .filter(at => inSameNetwork6(at.address, argument.address, at.prefix))
    .reduce<Ipv6Address | null>((best, at) => (best === null || at.prefix > best.prefix ? at : best), null)
}

/** `asksItself`: whether we can ask the neighbours of an interface for duplicates ourselves. */
export function planIpv6Start(
  argument: Ipv6Argument,
  facts: Ipv6Facts,
  asksItself: (nic: string) => boolean,
): Ipv6Plan {
  const { address } = argument
  const found = findIpv6(argument, facts.addresses)
  if (found && !found.isDuplicate) return { kind: 'nothing', nic: found.nic }
  if (argument.nic !== null && !facts.nics.includes(argument.nic)) {
    const because = `there is no interface ${argument.nic} for ${address}: correct its name`
    return { kind: 'refuse', exitCode: EXIT.generic, because }
  }
  const network = networkOf(argument, facts)
  const nic = argument.nic ?? network?.nic
  const prefix = argument.prefix ?? network?.prefix
  if (nic === undefined || prefix === undefined) {
    const missing = nic === undefined ? 'no interface has an address in the network of' : `no address on ${nic} tells the prefix length of` // biome-ignore format: two sentences
    const because = `${missing} ${address}: name both, as in ${address}/64/${nic ?? 'eth0'}`
    return { kind: 'refuse', exitCode: EXIT.generic, because }
  }
  // A duplicate that was left over is set anew, so that the kernel asks the neighbours again.
  const again = found ? [['-6', 'addr', 'del', `${found.address}/${found.prefix}`, 'dev', found.nic]] : []
  const isDetectedByKernel = !asksItself(nic)
  const nodad = isDetectedByKernel ? [] : ['nodad']
  const add = ['-6', 'addr', 'add', `${address}/${prefix}`, 'dev', nic, ...nodad]
  const commands = [...again, ['link', 'set', nic, 'up'], add]
  return { kind: 'run', nic, commands, isDetectedByKernel }
}

export function planIpv6Stop(argument: Ipv6Argument, addresses: readonly Ipv6Address[]): Ipv6Plan {
  const found = findIpv6(argument, addresses)
  if (!found) return { kind: 'nothing', nic: '' }
  const remove = ['-6', 'addr', 'del', `${found.address}/${found.prefix}`, 'dev', found.nic]
  return { kind: 'run', nic: found.nic, commands: [remove], isDetectedByKernel: false }
}
