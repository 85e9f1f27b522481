/**
 * One spelling for each address. The kernel prints IPv6 in its shortest form; files may spell it in any. Keys of the
 * table are compared as text, so both sides pass through here.
 */
import { ipv6Of } from '../config/address.js'

/** IPv6 without brackets as the kernel's tools print it; anything else as it is. */
export function canonicalAddress(text: string): string {
  return text.includes(':') ? (ipv6Of(text.replace(/^\[|\]$/g, '')) ?? text) : text
}
