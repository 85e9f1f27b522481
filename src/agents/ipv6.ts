/** IPv6 addresses as text and as numbers, as far as the address agents need them. */
import { isIPv6 as isAnyIPv6 } from 'node:net'

export { inSameNetwork6, sameAddress, toBits, toBytes } from '../base/ipv6.js'

/** Without a zone such as %eth0. */
export function isIPv6(text: string): boolean {
  return isAnyIPv6(text) && !text.includes('%')
}
