/** IPv6 addresses as text and as numbers, as far as the address agents need them. */
import { isIPv6 as isAnyIPv6 } from 'node:net'

/** Without a zone such as %eth0. */
export function isIPv6(text: string): boolean {
  return isAnyIPv6(text) && !text.includes('%')
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
