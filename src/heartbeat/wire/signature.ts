/**
 * Digests over the bytes of a message, with the methods of authkeys(5): crc (a checksum: it finds noise, not
 * forgers), md5 and sha1 (HMAC). Texts are lower-case hexadecimal.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type AuthMethod = 'crc' | 'md5' | 'sha1'

export const authNumberMax = 15

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

export function digest(key: AuthKey, bytes: Uint8Array): string {
  if (key.method === 'crc') return crc(bytes).toString(16)
  return createHmac(key.method, key.key).update(bytes).digest('hex')
}

/** Takes the same time wherever the texts differ. */
export function isDigest(key: AuthKey, bytes: Uint8Array, claimed: string): boolean {
  const expected = Buffer.from(digest(key, bytes), 'latin1')
  const given = Buffer.from(claimed, 'latin1')
  return expected.length === given.length && timingSafeEqual(expected, given)
}

const polynomial = 0x04c11db7

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24
  for (let bit = 0; bit < 8; bit++) rest = rest & 0x80000000 ? (rest << 1) ^ polynomial : rest << 1
  return rest >>> 0
})

/** The algorithm of cksum(1) without its length bytes: most significant bit first, start 0, complemented. */
function crc(bytes: Uint8Array): number {
  let rest = 0
  for (const byte of bytes) rest = ((rest << 8) ^ crcTable[(rest >>> 24) ^ byte]!) >>> 0
  return ~rest >>> 0
}
