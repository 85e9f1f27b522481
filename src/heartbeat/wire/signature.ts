/**
 * Digests over the bytes of a message, with the methods of authkeys(5): crc (a checksum: it finds noise, not
 * forgers), md5 and sha1 (HMAC). Texts are lower-case hexadecimal; what is signed is bytes, or a text of one character
 * per byte.
 */
import { timingSafeEqual } from 'node:crypto'
import { hmac } from './hmac.js'

export type AuthMethod = 'crc' | 'md5' | 'sha1'

export const authNumberMax = 15
/** Of sha1. */
const DIGEST_DIGITS_MAX = 40

/** One numbered line of authkeys; an empty key for crc. */
export interface AuthKey {
  readonly number: number
  readonly method: AuthMethod
  readonly key: Uint8Array
}

/** All keys of authkeys, and the one that `auth N` chose for what we send. */
export interface KeyRing {
  readonly outgoing: AuthKey
  readonly keys: ReadonlyMap<number, AuthKey>
}

/** From the lines of authkeys; null when none of them has the number of the `auth` line. */
export function keyRing(outgoing: number | null, keys: Iterable<AuthKey>): KeyRing | null {
  const byNumber = new Map([...keys].map(key => [key.number, key]))
  const chosen = outgoing === null ? undefined : byNumber.get(outgoing)
  return chosen ? { outgoing: chosen, keys: byNumber } : null
}

/** The ring that signs with another of its keys; as it is where it lacks that number. */
export function signingWith(ring: KeyRing, number: number | undefined): KeyRing {
  const outgoing = number === undefined ? undefined : ring.keys.get(number)
  return outgoing === undefined ? ring : { ...ring, outgoing }
}

export function digest(key: AuthKey, signed: Uint8Array | string): string {
  if (key.method === 'crc') return crc(typeof signed === 'string' ? Buffer.from(signed, 'latin1') : signed)
  return hmac(key.method, key.key, signed)
}

/** What a digest is compared in: as long as the longest one, so that nothing is made for a packet. */
const expected = Buffer.alloc(DIGEST_DIGITS_MAX)
const given = Buffer.alloc(DIGEST_DIGITS_MAX)

/** Takes the same time wherever the texts differ. */
export function isDigest(key: AuthKey, signed: Uint8Array | string, claimed: string): boolean {
  const right = digest(key, signed)
  if (right.length !== claimed.length) return false
  expected.write(right.padEnd(DIGEST_DIGITS_MAX), 'latin1')
  given.write(claimed.padEnd(DIGEST_DIGITS_MAX), 'latin1')
  return timingSafeEqual(expected, given)
}

const polynomial = 0x04c11db7

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24
  for (let bit = 0; bit < 8; bit++) rest = rest & 0x80000000 ? (rest << 1) ^ polynomial : rest << 1
  return rest >>> 0
})

/** The algorithm of cksum(1) without its length bytes: most significant bit first, start 0, complemented. */
function crc(bytes: Uint8Array): string {
  let rest = 0
  for (const byte of bytes) rest = ((rest << 8) ^ crcTable[(rest >>> 24) ^ byte]!) >>> 0
  return (~rest >>> 0).toString(16)
}
