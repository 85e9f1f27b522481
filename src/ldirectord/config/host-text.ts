/** Host texts as the original takes them apart: brackets are removed wherever they stand around a piece. */
import { ipv4Of, ipv6Of } from './address.js'

/** What is inside the brackets, or the whole text. */
export function withoutBrackets(host: string): string {
  return /\[(.*)\]/s.exec(host)?.[1] ?? host
}

export function isIpv6Literal(host: string): boolean {
  return ipv6Of(withoutBrackets(host)) !== null
}

/** The address that a host text says by itself, without asking anybody; null: a name. */
export function literalAddress(host: string, family: 4 | 6): string | null {
  const text = withoutBrackets(host)
  return family === 4 ? ipv4Of(text) : ipv6Of(text)
}

/** False for texts that can be no name and need not be asked. */
export function canBeName(host: string): boolean {
  return /^[0-9A-Za-z._-]{1,253}$/.test(host)
}
