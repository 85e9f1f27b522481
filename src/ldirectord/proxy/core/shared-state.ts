/**
 * What the workers of one proxy know in common, in memory that all of them see: connections of each destination, open
 * connections of each worker, and how long each was busy. Every party (the main thread is 0, workers count from 1) writes only its own numbers and
 * reads the sum of all, so that schedulers and thresholds go by the whole proxy, and what a dead worker held can be
 * taken out again.
 */
import { assert } from '../../../base/assert.js'

/** The main thread and at most fifteen workers. */
export const PARTIES_MAX = 16
export const WORKERS_MAX = PARTIES_MAX - 1
export const SLOTS_MAX = 65_536

const KINDS = { active: 0, inactive: 1 } as const
type Kind = keyof typeof KINDS
const NUMBERS_PER_SLOT = 2 * PARTIES_MAX
/** Behind the places of the parties: how many of them there have ever been. */
const ENROLLED = PARTIES_MAX

/** The numbers of one destination. */
export interface Tally {
  readonly active: number
  readonly inactive: number
  isOverloaded: boolean
  add(kind: Kind, by: number): void
}

/** For a table that one thread uses alone. */
export class LocalTally implements Tally {
  active = 0
  inactive = 0
  isOverloaded = false

  add(kind: Kind, by: number): void {
    this[kind] += by
  }
}

export interface SharedBuffers {
  readonly counts: SharedArrayBuffer
  readonly overloaded: SharedArrayBuffer
  readonly places: SharedArrayBuffer
  readonly owners: SharedArrayBuffer
  readonly busy: SharedArrayBuffer
}

export class SharedState {
  readonly buffers: SharedBuffers
  readonly party: number
  /** Which party a descriptor belongs to, so that those of a dead worker can be closed. */
  readonly owners: Uint8Array
  readonly #counts: Int32Array
  readonly #overloaded: Uint8Array
  readonly #places: Int32Array
  readonly #busyMs: Float64Array

  /** `descriptorsMax`: no descriptor of this process is as high. */
  static create(descriptorsMax: number): SharedState {
    return new SharedState(
      {
        counts: new SharedArrayBuffer(SLOTS_MAX * NUMBERS_PER_SLOT * 4),
        overloaded: new SharedArrayBuffer(SLOTS_MAX),
        places: new SharedArrayBuffer((PARTIES_MAX + 1) * 4),
        owners: new SharedArrayBuffer(descriptorsMax),
        busy: new SharedArrayBuffer(PARTIES_MAX * 8),
      },
      0,
    )
  }

  constructor(buffers: SharedBuffers, party: number) {
    assert(party < PARTIES_MAX, 'one worker more than there are places')
    this.buffers = buffers
    this.party = party
    this.owners = new Uint8Array(buffers.owners)
    this.#counts = new Int32Array(buffers.counts)
    this.#overloaded = new Uint8Array(buffers.overloaded)
    this.#places = new Int32Array(buffers.places)
    this.#busyMs = new Float64Array(buffers.busy)
    if (Atomics.load(this.#places, ENROLLED) <= party) Atomics.store(this.#places, ENROLLED, party + 1)
  }

  tally(slot: number): Tally {
    assert(slot >= 0 && slot < SLOTS_MAX, 'a destination has a slot')
    return new SharedTally(this.#counts, this.#overloaded, this.#places, slot, this.party)
  }

  /** Connections of all parties. */
  get places(): number {
    let sum = 0
    const parties = Atomics.load(this.#places, ENROLLED)
    for (let party = 0; party < parties; party++) sum += Atomics.load(this.#places, party)
    return sum
  }

  takePlaces(by: number): void {
    Atomics.add(this.#places, this.party, by)
  }

  placesOf(party: number): number {
    return Atomics.load(this.#places, party)
  }

  /** This party did not wait for news for so long. */
  wasBusy(ms: number): void {
    this.#busyMs[this.party]! += ms
  }

  /** Of all parties that there have ever been. */
  get busyMs(): number {
    return this.#busyMs.reduce((sum, ms) => sum + ms, 0)
  }

  /** The party has ended and whatever it held is closed. */
  forget(party: number): void {
    Atomics.store(this.#places, party, 0)
    for (let at = 2 * party; at < this.#counts.length; at += NUMBERS_PER_SLOT) {
      if (this.#counts[at] !== 0) Atomics.store(this.#counts, at, 0)
      if (this.#counts[at + 1] !== 0) Atomics.store(this.#counts, at + 1, 0)
    }
  }
}

class SharedTally implements Tally {
  readonly #counts: Int32Array
  readonly #overloaded: Uint8Array
  readonly #places: Int32Array
  readonly #slot: number
  readonly #own: number

  constructor(counts: Int32Array, overloaded: Uint8Array, places: Int32Array, slot: number, party: number) {
    this.#counts = counts
    this.#overloaded = overloaded
    this.#places = places
    this.#slot = slot
    this.#own = slot * NUMBERS_PER_SLOT + 2 * party
  }

  get active(): number {
    return this.#sum(KINDS.active)
  }

  get inactive(): number {
    return this.#sum(KINDS.inactive)
  }

  get isOverloaded(): boolean {
    return this.#overloaded[this.#slot] === 1
  }

  set isOverloaded(is: boolean) {
    this.#overloaded[this.#slot] = is ? 1 : 0
  }

  add(kind: Kind, by: number): void {
    Atomics.add(this.#counts, this.#own + KINDS[kind], by)
  }

  #sum(kind: number): number {
    const from = this.#slot * NUMBERS_PER_SLOT + kind
    const end = from + 2 * Atomics.load(this.#places, ENROLLED)
    let sum = 0
    for (let at = from; at < end; at += 2) sum += Atomics.load(this.#counts, at)
    return sum
  }
}
