/** Addresses as the media lines of ha.cf write them. */
import { isIPv4 } from '../../base/ipv4.js'
import { isIPv6 as isIPv6WithoutZone } from '../../base/ipv6.js'

/** Without brackets; a zone such as `%eth1` is allowed. */
export function isIPv6(text: string): boolean {
  const [address = '', zone] = text.split('%', 2)
  return zone !== '' && isIPv6WithoutZone(address)
}

export function isIPv4Multicast(text: string): boolean {
  const first = Number(text.split('.', 1)[0])
  return isIPv4(text) && first >= 224 && first <= 239
}

export function isIPv6Multicast(text: string): boolean {
  return isIPv6(text) && text.toLowerCase().startsWith('ff')
}
