/**
 * The argument of IPaddr and IPaddr2: `ip[/prefix[/nic[:label][/broadcast]]]`.
 *
 * Oddities kept from the original wrapper: the prefix may be a dotted mask, and a third word that begins with a
 * digit is a broadcast address, not an interface. One oddity is mended: old files write a label without its
 * interface (`10.10.0.1/32/0:0/10.10.0.1`), which the original takes for a broadcast address and then fails.
 */
import { isIPv4 } from '../base/ipv4.js'

export interface AddressArgument {
  readonly address: string
  /** null: the prefix of the network that the address lies in. */
  readonly prefix: number | null
  /** null: the interface of the network that the address lies in. */
  readonly nic: string | null
  /** Without the interface: the `0` of eth0:0. */
  readonly label: string | null
  readonly broadcast: string | null
  /** What was accepted although it was written wrongly. */
  readonly warnings: readonly string[]
}

export type ParsedAddress = { readonly argument: AddressArgument } | { readonly problem: string }

/** 24 from `24` or `255.255.255.0`; null when it is neither. */
function parsePrefix(text: string): number | null {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= 32 ? Number(text) : null
  if (!isIPv4(text)) return null
  const bits = text
    .split('.')
    .map(part => Number(part).toString(2).padStart(8, '0'))
    .join('')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null
}

const NIC = /^[A-Za-z][A-Za-z0-9_.@-]{0,14}$/
const LABEL = /^[A-Za-z0-9_.-]{1,11}$/

export function parseAddressArgument(text: string): ParsedAddress {
  const [address = '', prefixText = '', third = '', fourth = ''] = text.split('/')
  if (!isIPv4(address)) return { problem: `wants an IPv4 address such as 10.0.0.1; found "${address}"` }
  const prefix = prefixText === '' ? null : parsePrefix(prefixText)
  if (prefixText !== '' && prefix === null) {
    return { problem: `wants a prefix length from 0 to 32 after the address; found "${prefixText}"` }
  }
  const warnings: string[] = []
  let nic: string | null = null
  let label: string | null = null
  let broadcast: string | null = fourth === '' ? null : fourth
  if (/^\d+:[^:]+$/.test(third)) {
    label = third.slice(third.indexOf(':') + 1)
    warnings.push(
      `"${third}" is a label without its interface: write NIC:${label}; the interface is looked up`,
    )
  } else if (/^\d/.test(third)) {
    broadcast = third
  } else if (third !== '') {
    const colon = third.indexOf(':')
    nic = colon === -1 ? third : third.slice(0, colon)
    label = colon === -1 ? null : third.slice(colon + 1)
  }
  if (nic !== null && !NIC.test(nic))
    return { problem: `wants an interface name such as eth0; found "${nic}"` }
  if (label !== null && !LABEL.test(label)) {
    return { problem: `wants a short label such as 0 behind the interface; found "${label}"` }
  }
  if (broadcast !== null && !isIPv4(broadcast)) {
    return { problem: `wants an IPv4 broadcast address; found "${broadcast}"` }
  }
  return { argument: { address, prefix, nic, label, broadcast, warnings } }
}
