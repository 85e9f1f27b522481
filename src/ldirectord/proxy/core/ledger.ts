/**
 * Where a table keeps the numbers that outlive one decision: in plain objects when one thread uses it alone, in memory
 * that all workers see when there are several. The table of the main thread deals out the slots of that memory, those
 * of the workers are told them.
 */
import type { LiveDestination } from './live-destination.js'
import { Persistence, type Templates } from './persistence.js'
import { type Rotation, startRotation } from './scheduler.js'
import { LocalTally, type SharedState, SLOTS_MAX, type Tally } from './shared-state.js'
import { SharedTemplates, templatesBuffer } from './shared-templates.js'

/** What an edit brings along when it goes from the main thread's table to those of the workers. */
export interface Shares {
  /** Of the destination. */
  readonly slot?: number
  /** Of the service. */
  readonly rotation?: SharedArrayBuffer
  readonly templates?: SharedArrayBuffer | null
}

export interface Ledger {
  /** null: there is no room for another destination. */
  openDestination(shares: Shares): { readonly slot: number; readonly tally: Tally } | null
  /** The destination left the table; its connections may go on. */
  closeDestination(slot: number): void
  /** It came back before its connections had ended. */
  reopenDestination(slot: number): void
  openRotation(shares: Shares): { readonly rotation: Rotation; readonly buffer: SharedArrayBuffer | null }
  openTemplates(
    shares: Shares,
    find: (slot: number) => LiveDestination | undefined,
  ): { readonly templates: Templates; readonly buffer: SharedArrayBuffer | null }
}

export class LocalLedger implements Ledger {
  #slots = 0

  openDestination() {
    return { slot: this.#slots++, tally: new LocalTally() }
  }

  closeDestination(): void {}

  reopenDestination(): void {}

  openRotation() {
    return { rotation: startRotation(), buffer: null }
  }

  openTemplates() {
    return { templates: new Persistence(), buffer: null }
  }
}

/** In memory that all workers see. */
export class SharedLedger implements Ledger {
  readonly #state: SharedState
  readonly #free: number[] = []
  /** Slots of destinations that left, and how often it was looked whether all is over there. */
  readonly #left = new Map<number, number>()
  #used = 0

  constructor(state: SharedState) {
    this.#state = state
  }

  openDestination(shares: Shares) {
    const slot = shares.slot ?? this.#take()
    return slot === null ? null : { slot, tally: this.#state.tally(slot) }
  }

  closeDestination(slot: number): void {
    this.#left.set(slot, 0)
  }

  reopenDestination(slot: number): void {
    this.#left.delete(slot)
  }

  /**
   * Called now and then where slots are dealt out. A slot is free when two looks in a row found no connection: in
   * between every worker has heard that the destination is gone.
   */
  reclaim(): void {
    for (const [slot, looks] of this.#left) {
      const { active, inactive } = this.#state.tally(slot)
      if (active + inactive > 0) this.#left.set(slot, 0)
      else if (looks === 0) this.#left.set(slot, 1)
      else {
        this.#left.delete(slot)
        this.#state.tally(slot).isOverloaded = false
        this.#free.push(slot)
      }
    }
  }

  openRotation({ rotation: buffer = new SharedArrayBuffer(ROTATION_BYTES) }: Shares) {
    return { rotation: new SharedRotation(buffer), buffer }
  }

  openTemplates({ templates }: Shares, find: (slot: number) => LiveDestination | undefined) {
    const buffer = templates ?? templatesBuffer()
    return { templates: new SharedTemplates(buffer, find), buffer }
  }

  #take(): number | null {
    return this.#free.pop() ?? (this.#used < SLOTS_MAX ? this.#used++ : null)
  }
}

const ROTATION_BYTES = 8

/** Two workers that pick at the same moment may both pick the same: the next round makes up for it. */
class SharedRotation implements Rotation {
  readonly #numbers: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Int32Array(buffer)
  }

  /** Kept one higher: a rotation that has not begun stands at -1, and untouched memory is 0. */
  get position(): number {
    return Atomics.load(this.#numbers, 0) - 1
  }

  set position(value: number) {
    Atomics.store(this.#numbers, 0, value + 1)
  }

  get threshold(): number {
    return Atomics.load(this.#numbers, 1)
  }

  set threshold(value: number) {
    Atomics.store(this.#numbers, 1, value)
  }
}
