/**
 * Which destination a client's network went to last (IPVS calls these templates). Unlike the kernel's default a
 * template of a destination at weight 0 is not followed: that is expire_quiescent_template=1, which every ldirectord
 * with quiescent=yes needs.
 */
import type { LiveDestination } from './live-destination.js'
import { networkOf } from './netmask.js'

/** A client (or its network) that persistence binds to a destination, and for how long yet. */
export interface Binding {
  readonly network: string
  readonly destination: string
  readonly leftMs: number
}

/** What a service remembers of its clients. */
export interface Templates {
  find(address: string, netmask: string | null, nowMs: number): LiveDestination | null
  /** Each new connection of a client starts the time anew. */
  remember(address: string, netmask: string | null, destination: LiveDestination, expiresMs: number): void
  forgetExpired(nowMs: number): void
  /** For a process that takes over. */
  bindings(nowMs: number): Binding[]
  inherit(binding: Binding, destination: LiveDestination, nowMs: number): void
}

interface Template {
  readonly destination: LiveDestination
  readonly expiresMs: number
}

/** The oldest template makes room for a new one: a flood of addresses costs stickiness, not memory. */
const TEMPLATES_MAX = 100_000

export class Persistence implements Templates {
  readonly #limit: number
  readonly #templates = new Map<string, Template>()

  constructor(limit = TEMPLATES_MAX) {
    this.#limit = limit
  }

  get size(): number {
    return this.#templates.size
  }

  find(address: string, netmask: string | null, nowMs: number): LiveDestination | null {
    const template = this.#templates.get(networkOf(address, netmask) ?? address)
    return template && template.expiresMs > nowMs ? template.destination : null
  }

  remember(address: string, netmask: string | null, destination: LiveDestination, expiresMs: number): void {
    this.#put(networkOf(address, netmask) ?? address, destination, expiresMs)
  }

  /** In the order of use. */
  bindings(nowMs: number): Binding[] {
    return [...this.#templates].flatMap(([network, { destination, expiresMs }]) =>
      expiresMs > nowMs ? { network, destination: destination.id, leftMs: expiresMs - nowMs } : [],
    )
  }

  inherit({ network, leftMs }: Binding, destination: LiveDestination, nowMs: number): void {
    this.#put(network, destination, nowMs + leftMs)
  }

  #put(key: string, destination: LiveDestination, expiresMs: number): void {
    this.#templates.delete(key) // so that the order of the map is the order of use
    this.#templates.set(key, { destination, expiresMs })
    if (this.#templates.size <= this.#limit) return
    const [oldest] = this.#templates.keys()
    if (oldest !== undefined) this.#templates.delete(oldest)
  }

  forgetExpired(nowMs: number): void {
    // Not in order of expiry when the setting was edited, so all are looked at.
    for (const [key, { expiresMs }] of this.#templates) if (expiresMs <= nowMs) this.#templates.delete(key)
  }
}
