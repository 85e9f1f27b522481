/** Addresses as /proc/net/tcp and tcp6 write them: 32-bit words in hex, each in the byte order of the machine (little). */
import { ipv6Of } from '../../ldirectord/config/address.js'

/** null: the wildcard, on which every address is heard. */
export function textOfProcAddress(hex: string): string | null {
  if (/^0+$/.test(hex)) return null
  const bytes = hex.match(/.{8}/g)!.flatMap(word => word.match(/../g)!.reverse())
  if (bytes.length === 4) return bytes.map(byte => Number.parseInt(byte, 16)).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => `${bytes[2 * at]}${bytes[2 * at + 1]}`)
  return ipv6Of(groups.join(':'))
}
