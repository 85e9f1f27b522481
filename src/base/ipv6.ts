/** IPv6 addresses as numbers and bytes. The texts are valid and without a zone such as %eth0: callers see to that. */
import { isIPv4 } from './ipv4.js'

/** Without brackets and without a zone. Read without asking the system, so that pure folders can. */
export function isIPv6(text: string): boolean {
  if (text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map(half => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)!
  const embedded = last.length > 0 && isIPv4(last.at(-1)!)
  if (embedded) last.splice(-1, 1, '0', '0')
  const count = groups.reduce((sum, half) => sum + half.length, 0)
  if (halves.length === 2 ? count > 7 : count !== 8) return false
  return groups.flat().every(group => /^[0-9a-f]{1,4}$/i.test(group))
}

/** The 128 bits of a valid address, whichever way it is written. */
export function toBits(address: string): bigint {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const text = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const middle = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0')
  return [...front, ...middle, ...back].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

export function sameAddress(a: string, b: string): boolean {
  return toBits(a) === toBits(b)
}

export function inSameNetwork6(a: string, b: string, prefix: number): boolean {
  const shift = BigInt(128 - prefix)
  return toBits(a) >> shift === toBits(b) >> shift
}

/** The 16 bytes as they stand in packets. */
export function toBytes(address: string): Uint8Array {
  const bits = toBits(address)
  return Uint8Array.from({ length: 16 }, (_, index) => Number((bits >> BigInt(8 * (15 - index))) & 255n))
}

/** All eight groups: to be compared, not to be read. */
export function textOfBytes(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0))
  return groups.map(group => group.toString(16)).join(':')
}

/** An address with or without a zone, written in the one way that {@link textOfBytes} has. */
export function canonicalIPv6(address: string): string {
  return textOfBytes(toBytes(address.split('%', 1)[0]!))
}
