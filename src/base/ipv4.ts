/** IPv4 addresses as text and as numbers. As with inet_pton an octet has no leading zero. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const ADDRESS = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

export function isIPv4(text: string): boolean {
  return ADDRESS.test(text)
}

/** 0 .. 2^32-1 for a valid dotted quad. */
export function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** Whether both addresses lie in the same network of that prefix length. */
export function inSameNetwork(a: string, b: string, prefix: number): boolean {
  const size = 2 ** (32 - prefix)
  return Math.floor(toNumber(a) / size) === Math.floor(toNumber(b) / size)
}

/** 127.0.0.0/8: addresses that every Linux machine answers on without configuration. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.')
}
