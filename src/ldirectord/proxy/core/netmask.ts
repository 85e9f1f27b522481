/** The part of a client's address that persistence goes by: dotted masks for IPv4, prefix lengths for IPv6. */

/** The masked address as a text that is equal for equal networks; null: the netmask is none. */
export function networkOf(address: string, netmask: string | null): string | null {
  if (netmask === null) return address
  return address.includes(':') ? network6(address, netmask) : network4(address, netmask)
}

export function isNetmask(family: 4 | 6, netmask: string): boolean {
  if (family === 4) return octets(netmask) !== null
  return /^\d{1,3}$/.test(netmask) && Number(netmask) >= 1 && Number(netmask) <= 128
}

function octets(text: string): number[] | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  return parts?.every(part => part <= 255) ? parts : null
}

function network4(address: string, netmask: string): string | null {
  const bytes = octets(address)
  const mask = octets(netmask)
  return bytes && mask && bytes.map((byte, n) => byte & mask[n]!).join('.')
}

function network6(address: string, prefix: string): string | null {
  if (!isNetmask(6, prefix)) return null
  const kept = groups6(address).map((group, at) => {
    const bits = Math.min(16, Math.max(0, Number(prefix) - 16 * at))
    return group & (0xffff << (16 - bits)) & 0xffff
  })
  return `${kept.map(group => group.toString(16)).join(':')}/${prefix}`
}

/** The eight groups of an IPv6 address as the system prints it (a zone and an IPv4 tail are understood). */
function groups6(address: string): number[] {
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) =>
      [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)].map(group => group.toString(16)).join(':'),
    )
  const [left = '', right] = plain.split('::')
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16))
  const before = parse(left)
  if (right === undefined) return before
  const after = parse(right)
  return [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after]
}
