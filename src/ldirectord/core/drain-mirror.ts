/**
 * The drains of two directors are one list. Who changes something says so; who comes tells the digest of what it
 * holds, and where two digests differ each side sends all it has, once, in small messages with a pace. A peer is in
 * step when its digest is ours. What entry holds where both know a place is decided by drain-ledger.ts alone, so any
 * order, loss and repetition of messages ends in the same list.
 *
 * Pure: what to send and what to merge comes out; the socket of the cluster and the file are somebody else's.
 */
import { printEntries } from './drain-file.js'
import { digestOf, type Entry, type Ledger } from './drain-ledger.js'

/** What one director says. The digest is of everything its sender holds. */
export interface MirrorMessage {
  readonly entries: readonly Entry[]
  readonly digest: string
  /** More entries of the same list follow: it is too early to compare. */
  readonly more: boolean
  /** Whether the sender wants to hear our digest. */
  readonly asks: boolean
}

export interface Peer {
  readonly node: string
  readonly inStep: boolean
}

/** A message should fit into one Ethernet frame with what heartbeat adds to it. */
const ENTRIES_BYTES_MAX = 1_000
const MESSAGES_PER_TICK = 5
export const GREETING_MS = 60_000
/** While nobody has answered: a daemon that is just joining its cluster may not have passed the first one on. */
const ALONE_MS = 10_000
const RESYNC_MS_MIN = 1_000
const RESYNC_MS_MAX = 300_000
const PEERS_MAX = 16

export class DrainMirror {
  readonly #ledger: () => Ledger
  /** By node name: whether the last digest heard from there was ours. */
  readonly #peers = new Map<string, boolean>()
  /** Entries of a whole list that still have to leave. */
  #sending: readonly Entry[] | null = null
  #resyncAtMs = 0
  #resyncPauseMs = RESYNC_MS_MIN
  #wantsResync = false
  #greetAtMs = 0

  constructor(ledger: () => Ledger) {
    this.#ledger = ledger
  }

  get peers(): readonly Peer[] {
    return [...this.#peers].map(([node, inStep]) => ({ node, inStep }))
  }

  /** We are a client of the cluster now. */
  connected(nowMs: number): MirrorMessage[] {
    this.lost()
    return this.#greet(nowMs)
  }

  /** The cluster is out of reach: nobody is known to be in step. */
  lost(): void {
    this.#peers.clear()
    this.#sending = null
    this.#wantsResync = false
    this.#resyncPauseMs = RESYNC_MS_MIN
  }

  /** Another director has come, or its node is back. */
  joined(nowMs: number): MirrorMessage[] {
    return this.#greet(nowMs)
  }

  left(node: string): void {
    this.#peers.delete(node)
  }

  /** To be called when what was changed here is in the ledger. */
  changed(entries: readonly Entry[]): MirrorMessage[] {
    for (const node of this.#peers.keys()) this.#peers.set(node, false)
    const digest = digestOf(this.#ledger())
    const parts = batches(entries)
    return parts.map((part, n) => {
      const isLast = n === parts.length - 1
      return { entries: part, digest, more: !isLast, asks: isLast }
    })
  }

  /** To be called when the entries of the message have been merged. */
  heard(node: string, message: MirrorMessage): MirrorMessage[] {
    if (!this.#peers.has(node) && this.#peers.size >= PEERS_MAX) return []
    const digest = digestOf(this.#ledger())
    const inStep = message.digest === digest
    this.#peers.set(node, inStep)
    if (message.more) return []
    if (inStep) {
      this.#resyncPauseMs = RESYNC_MS_MIN
      this.#wantsResync = this.peers.some(peer => !peer.inStep)
      return message.asks ? [{ entries: [], digest, more: false, asks: false }] : []
    }
    this.#wantsResync = true
    return []
  }

  /** Time has passed; called several times a second. */
  tick(nowMs: number): MirrorMessage[] {
    if (nowMs >= this.#greetAtMs) return this.#greet(nowMs)
    if (this.#sending === null && this.#wantsResync && nowMs >= this.#resyncAtMs) {
      this.#wantsResync = false
      this.#sending = [...this.#ledger().values()]
      // Two that cannot agree (one has no room for all) must not fill the links for ever.
      this.#resyncAtMs = nowMs + this.#resyncPauseMs
      this.#resyncPauseMs = Math.min(RESYNC_MS_MAX, this.#resyncPauseMs * 2)
    }
    return this.#sendOn()
  }

  #greet(nowMs: number): MirrorMessage[] {
    this.#greetAtMs = nowMs + (this.#peers.size === 0 ? ALONE_MS : GREETING_MS)
    return [{ entries: [], digest: digestOf(this.#ledger()), more: false, asks: true }]
  }

  #sendOn(): MirrorMessage[] {
    if (this.#sending === null) return []
    const digest = digestOf(this.#ledger())
    const messages: MirrorMessage[] = []
    while (messages.length < MESSAGES_PER_TICK && this.#sending !== null) {
      const part = firstBatch(this.#sending)
      const left: readonly Entry[] = this.#sending.slice(part.length)
      const isLast: boolean = left.length === 0
      messages.push({ entries: part, digest, more: !isLast, asks: isLast })
      this.#sending = isLast ? null : left
    }
    return messages
  }
}

/** As many entries as one message holds, and at least one of those there are. */
function firstBatch(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  let count = 0
  for (const entry of entries) {
    bytes += printEntries([entry]).length
    if (count > 0 && bytes > ENTRIES_BYTES_MAX) break
    count++
  }
  return entries.slice(0, count)
}

function batches(entries: readonly Entry[]): (readonly Entry[])[] {
  const parts: (readonly Entry[])[] = []
  for (let left = entries; left.length > 0; left = left.slice(parts.at(-1)!.length))
    parts.push(firstBatch(left))
  return parts
}
