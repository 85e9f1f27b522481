/**
 * Literal addresses as the C library reads and prints them: IPv4 in all forms of inet_aton (`127.1`, `0x7f.0.0.1`), IPv6
 * in the form of inet_ntop. An address that is compared with the kernel's table must be spelled as the kernel's tools do.
 */

/** The dotted quad of an IPv4 text, or null when it is none. */
export function ipv4Of(text: string): string | null {
  const parts = text.split('.')
  if (parts.length > 4 || !parts.every(part => /^(0[xX][0-9a-fA-F]+|\d+)$/.test(part))) return null
  const numbers = parts.map(part =>
    /^0[xX]/.test(part)
      ? Number.parseInt(part.slice(2), 16)
      : Number.parseInt(part, part.startsWith('0') ? 8 : 10),
  )
  if (parts.some(part => /^0\d*[89]/.test(part))) return null
  const last = numbers.pop()!
  if (numbers.some(number => number > 255) || last >= 256 ** (4 - numbers.length)) return null
  return ipv4Text(numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), last))
}

export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.')
}

export function ipv4Number(quad: string): number {
  return quad.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** The printed form of an IPv6 text (no brackets), or null when it is none. */
export function ipv6Of(text: string): string | null {
  const words = ipv6Words(text)
  return words === null ? null : ipv6Text(words)
}

function ipv6Words(text: string): number[] | null {
  let source = text
  const tail = /^(.*:)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(text)
  if (tail) {
    const parts = tail[2]!.split('.').map(Number)
    if (parts.some(part => part > 255)) return null
    const [a = 0, b = 0, c = 0, d = 0] = parts
    source = `${tail[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  }
  if (!/^[0-9a-fA-F:]+$/.test(source)) return null
  const halves = source.split('::')
  if (halves.length > 2) return null
  const groups = halves.map(half => (half === '' ? [] : half.split(':')))
  if (groups.flat().some(group => !/^[0-9a-fA-F]{1,4}$/.test(group))) return null
  const known = groups.flat().length
  if (halves.length === 1 ? known !== 8 : known > 7) return null
  const zeros = new Array<string>(8 - known).fill('0')
  return [...groups[0]!, ...zeros, ...(groups[1] ?? [])].map(group => Number.parseInt(group, 16))
}

function ipv6Text(words: readonly number[]): string {
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const hex = (part: readonly number[]): string => part.map(word => word.toString(16)).join(':')
  const [high = 0, low = 0] = words.slice(6)
  const quad = `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  if (start === 0 && length === 6) return `::${quad}`
  if (start === 0 && length === 5 && words[5] === 0xffff) return `::ffff:${quad}`
  if (start === -1) return hex(words)
  return `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`
}
