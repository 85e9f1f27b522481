/**
 * The templates of persistence in memory that all workers see, so that a client meets the same server whichever worker
 * accepts it. A table of buckets: the hash of the client's network names the bucket, and in a full bucket the template
 * that would expire first makes room, so that a flood of addresses costs stickiness, never memory. Whoever touches a
 * bucket holds its lock, for less than a microsecond.
 */
import type { LiveDestination } from './live-destination.js'
import { networkOf } from './netmask.js'
import type { Binding, Templates } from './persistence.js'

// A bucket is a line of 32 bit words: the lock, then eight entries.
// entry: slot of the destination + 1 (0: free) | expiry in seconds | length of the text | the text, 13 words
const ENTRIES = 8
const TEXT_WORDS = 13
const TEXT_BYTES_MAX = 4 * TEXT_WORDS
const ENTRY_WORDS = 3 + TEXT_WORDS
const BUCKET_WORDS = 1 + ENTRIES * ENTRY_WORDS
const BUCKETS = 16_384
const SLOT = 0
const EXPIRES = 1
const LENGTH = 2
const TEXT = 3
/** A worker that was ended while it held a lock must not hold up the others. */
const SPINS_MAX = 100_000

/** Memory is taken page by page as buckets are used. */
export const templatesBuffer = (): SharedArrayBuffer => new SharedArrayBuffer(BUCKETS * BUCKET_WORDS * 4)

export class SharedTemplates implements Templates {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #destination: (slot: number) => LiveDestination | undefined
  readonly #key = Buffer.alloc(TEXT_BYTES_MAX)
  #keyLength = 0

  constructor(buffer: SharedArrayBuffer, destination: (slot: number) => LiveDestination | undefined) {
    this.#words = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#destination = destination
  }

  find(address: string, netmask: string | null, nowMs: number): LiveDestination | null {
    const bucket = this.#bucketOf(networkOf(address, netmask) ?? address)
    const slot = this.#locked(bucket, () => {
      const entry = this.#entryIn(bucket)
      return entry !== null && this.#words[entry + EXPIRES]! * 1_000 > nowMs
        ? this.#words[entry + SLOT]! - 1
        : -1
    })
    return slot < 0 ? null : (this.#destination(slot) ?? null)
  }

  remember(address: string, netmask: string | null, destination: LiveDestination, expiresMs: number): void {
    this.#put(networkOf(address, netmask) ?? address, destination, expiresMs)
  }

  /** What has expired is passed over, and overwritten first. */
  forgetExpired(): void {}

  bindings(nowMs: number): Binding[] {
    const found: Binding[] = []
    for (let bucket = 0; bucket < this.#words.length; bucket += BUCKET_WORDS) {
      for (let entry = bucket + 1; entry < bucket + BUCKET_WORDS; entry += ENTRY_WORDS) {
        const destination = this.#destination(this.#words[entry + SLOT]! - 1)
        const leftMs = this.#words[entry + EXPIRES]! * 1_000 - nowMs
        if (destination === undefined || leftMs <= 0) continue
        const from = (entry + TEXT) * 4
        const network = Buffer.from(this.#bytes.slice(from, from + this.#words[entry + LENGTH]!)).toString(
          'latin1',
        )
        found.push({ network, destination: destination.id, leftMs })
      }
    }
    return found
  }

  inherit({ network, leftMs }: Binding, destination: LiveDestination, nowMs: number): void {
    this.#put(network, destination, nowMs + leftMs)
  }

  #put(network: string, destination: LiveDestination, expiresMs: number): void {
    const bucket = this.#bucketOf(network)
    this.#locked(bucket, () => {
      const entry = this.#entryIn(bucket) ?? this.#roomIn(bucket)
      this.#words[entry + SLOT] = destination.slot + 1
      this.#words[entry + EXPIRES] = Math.min(0x7fff_ffff, Math.ceil(expiresMs / 1_000))
      this.#words[entry + LENGTH] = this.#keyLength
      this.#bytes.set(this.#key.subarray(0, this.#keyLength), (entry + TEXT) * 4)
    })
  }

  #bucketOf(network: string): number {
    this.#keyLength = this.#key.write(network, 'latin1')
    let hash = 0x811c9dc5
    for (let at = 0; at < this.#keyLength; at++) hash = Math.imul(hash ^ this.#key[at]!, 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    return (((hash ^ (hash >>> 13)) >>> 0) % BUCKETS) * BUCKET_WORDS
  }

  #locked<T>(bucket: number, work: () => T): T {
    for (let spins = 0; Atomics.compareExchange(this.#words, bucket, 0, 1) !== 0 && spins < SPINS_MAX; )
      spins++
    try {
      return work()
    } finally {
      Atomics.store(this.#words, bucket, 0)
    }
  }

  #entryIn(bucket: number): number | null {
    for (let entry = bucket + 1; entry < bucket + BUCKET_WORDS; entry += ENTRY_WORDS) {
      if (this.#words[entry + SLOT] !== 0 && this.#isOf(entry)) return entry
    }
    return null
  }

  #isOf(entry: number): boolean {
    if (this.#words[entry + LENGTH] !== this.#keyLength) return false
    const from = (entry + TEXT) * 4
    for (let at = 0; at < this.#keyLength; at++) if (this.#bytes[from + at] !== this.#key[at]) return false
    return true
  }

  /** A free entry, else the one that expires first. */
  #roomIn(bucket: number): number {
    let best = bucket + 1
    for (let entry = best; entry < bucket + BUCKET_WORDS; entry += ENTRY_WORDS) {
      if (this.#words[entry + SLOT] === 0) return entry
      if (this.#words[entry + EXPIRES]! < this.#words[best + EXPIRES]!) best = entry
    }
    return best
  }
}
