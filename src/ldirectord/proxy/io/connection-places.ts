/**
 * How many connections and UDP sessions may be open, those of all workers together; beyond that they are refused, and
 * that is said.
 */
import { machineMs } from '../../../base/io/real-clock.js'
import type { Complaints } from '../core/complaints.js'
import type { SharedState } from '../core/shared-state.js'

export class Places {
  readonly #shared: SharedState
  readonly #max: number
  readonly #complaints: Complaints
  #refused = 0

  constructor(shared: SharedState, max: number, complaints: Complaints) {
    this.#shared = shared
    this.#max = max
    this.#complaints = complaints
  }

  get taken(): number {
    return this.#shared.places
  }

  /** False when all are taken. */
  take(): boolean {
    if (this.taken >= this.#max) {
      this.refused(1)
      return false
    }
    this.#shared.takePlaces(1)
    return true
  }

  free(): void {
    this.#shared.takePlaces(-1)
  }

  refused(count: number): void {
    this.#refused += count
    this.#complaints.say(
      'limit',
      `proxy: ${this.#max} connections are open, the limit; ${this.#refused} refused or displaced so far (raise ulimit -n)`,
      machineMs(),
    )
  }
}
