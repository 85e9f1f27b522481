/** Address texts, read without asking the system: this folder is pure. */

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

export function isIPv4(text: string): boolean {
  return IPV4.test(text)
}

/** An IPv6 address without brackets; a zone such as `%eth1` is allowed. */
export function isIPv6(text: string): boolean {
  const [address = '', zone] = text.split('%', 2)
  if (zone === '' || address.length > 45) return false
  const halves = address.split('::')
  if (halves.length > 2) return false
  const groups = halves.map(half => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)!
  const embedded = last.length > 0 && isIPv4(last.at(-1)!)
  if (embedded) last.splice(-1, 1, '0', '0')
  const count = groups.reduce((sum, half) => sum + half.length, 0)
  if (halves.length === 2 ? count > 7 : count !== 8) return false
  return groups.flat().every(group => /^[0-9a-f]{1,4}$/i.test(group))
}

export function isIPv4Multicast(text: string): boolean {
  const first = Number(text.split('.', 1)[0])
  return isIPv4(text) && first >= 224 && first <= 239
}

export function isIPv6Multicast(text: string): boolean {
  return isIPv6(text) && text.toLowerCase().startsWith('ff')
}
