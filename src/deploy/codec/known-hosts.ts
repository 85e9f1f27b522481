/**
 * The file known_hosts of ssh (sshd(8)): `[markers] patterns keytype base64`. Patterns are names and addresses, also
 * as `[host]:port`, with `*`, `?` and `!`, or hashed as `|1|salt|hmac-sha1`. Which of its keys are believed for a place
 * decides whether a host is talked to at all.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export type Verdict =
  | { readonly verdict: 'known' }
  | { readonly verdict: 'unknown' }
  /** Another key is on file, or the key was revoked. */
  | { readonly verdict: 'changed'; readonly line: number }

/** How ssh writes a place: the port is only named when it is not 22. */
function placeName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`
}

/** `SHA256:...` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The algorithm that a key blob names in its first string; '' when it is no key. */
function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : ''
}

export function judge(file: string, host: string, port: number, key: Buffer): Verdict {
  const place = placeName(host, port).toLowerCase()
  const type = keyType(key)
  let known = false
  let other: number | null = null
  for (const [index, text] of file.split('\n').entries()) {
    const entry = readLine(text)
    if (entry === null || !matches(entry.patterns, place)) continue
    const isSame = same(entry.key, key)
    if (entry.marker === '@revoked' && isSame) return { verdict: 'changed', line: index + 1 }
    if (entry.marker !== null) continue
    if (isSame) known = true
    else if (entry.type === type) other ??= index + 1
  }
  if (known) return { verdict: 'known' }
  return other === null ? { verdict: 'unknown' } : { verdict: 'changed', line: other }
}

/** The algorithms of the keys on file, so that a host shows one of them and not another that nobody knows. */
export function knownTypes(file: string, host: string, port: number): string[] {
  const place = placeName(host, port).toLowerCase()
  const entries = file.split('\n').map(readLine)
  const types = entries.flatMap(entry =>
    entry !== null && entry.marker === null && matches(entry.patterns, place) ? [entry.type] : [],
  )
  return [...new Set(types)]
}

/** The line that remembers a key. */
export function knownHostsLine(host: string, port: number, key: Buffer): string {
  return `${placeName(host, port)} ${keyType(key)} ${key.toString('base64')}\n`
}

interface Line {
  readonly marker: string | null
  readonly patterns: string
  readonly type: string
  readonly key: Buffer
}

function readLine(text: string): Line | null {
  const words = text.trim().split(/\s+/)
  const marker = words[0]?.startsWith('@') ? words.shift()! : null
  const [patterns = '', type = '', base64 = ''] = words
  if (patterns === '' || patterns.startsWith('#') || base64 === '') return null
  return { marker, patterns, type, key: Buffer.from(base64, 'base64') }
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

function matches(patterns: string, place: string): boolean {
  if (patterns.startsWith('|')) {
    const [, version, salt = '', hash = ''] = patterns.split('|')
    if (version !== '1') return false
    const wanted = Buffer.from(hash, 'base64')
    return same(createHmac('sha1', Buffer.from(salt, 'base64')).update(place).digest(), wanted)
  }
  let found = false
  for (const pattern of patterns.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!')
    if (!matchesPattern(isNegated ? pattern.slice(1) : pattern, place)) continue
    if (isNegated) return false
    found = true
  }
  return found
}

function matchesPattern(pattern: string, place: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return pattern.length <= 1024 && new RegExp(`^${source}$`).test(place)
}
