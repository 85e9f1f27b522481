/**
 * A destination of the proxy's table and what goes to it: its connections, those in other processes included, and
 * whether they are too many. The numbers stand where the ledger says, so that all workers count in one place.
 */
import { type Destination, endpoint } from '../../core/table.js'
import type { Candidate } from './scheduler.js'
import type { Tally } from './shared-state.js'

/** The object lives on while connections do, even when it left the table. */
export class LiveDestination implements Candidate {
  readonly id: string
  /** Its number in the memory that workers share. */
  readonly slot: number
  settings: Destination
  /** Those that processes from before an upgrade still serve. */
  readonly elsewhere = { active: 0, inactive: 0 }
  isInTable = true
  readonly #tally: Tally

  constructor(settings: Destination, slot: number, tally: Tally) {
    this.id = endpoint(settings.address, settings.port)
    this.settings = settings
    this.slot = slot
    this.#tally = tally
  }

  get weight(): number {
    return this.settings.weight
  }

  /** Connections, those in other processes included. */
  get active(): number {
    return this.#tally.active
  }

  get inactive(): number {
    return this.#tally.inactive
  }

  get own(): { active: number; inactive: number } {
    return { active: this.active - this.elsewhere.active, inactive: this.inactive - this.elsewhere.inactive }
  }

  /** Above its upper threshold, until it falls below the lower one. */
  get isOverloaded(): boolean {
    return this.#tally.isOverloaded
  }

  countElsewhere(active: number, inactive: number): void {
    this.#tally.add('active', active)
    this.#tally.add('inactive', inactive)
    this.elsewhere.active += active
    this.elsewhere.inactive += inactive
    this.updateOverload()
  }

  /** Moves a connection between not counted, inactive (connecting, half closed) and active (established). */
  count(from: 'none' | 'inactive' | 'active', to: 'none' | 'inactive' | 'active'): void {
    if (from !== 'none') this.#tally.add(from, -1)
    if (to !== 'none') this.#tally.add(to, 1)
    if (this.settings.upper > 0) this.updateOverload()
  }

  /** As IPVS: overloaded from `upper` on, free again below `lower`, or below three quarters when there is none. */
  updateOverload(): void {
    const { upper, lower } = this.settings
    const total = this.active + this.inactive
    if (upper === 0) this.#tally.isOverloaded = false
    else if (total >= upper) this.#tally.isOverloaded = true
    else if (lower > 0 ? total < lower : total * 4 < upper * 3) this.#tally.isOverloaded = false
  }
}
