/**
 * The links over which one node is heard. A link is up from the first fresh packet on it, and dead after the node's
 * dead time without one. Numbers are tracked per link, so that a packet kept back and played again proves nothing.
 */
import type { LinkName, LinkStatus } from './contract.js'

/** Links come from our own configuration; this only guards against a daemon that invents names. */
const LINKS_MAX = 64

interface Link {
  status: 'up' | 'dead'
  heardAtMs: number
  generation: number
  seq: number
}

export class LinkStates {
  readonly #links = new Map<LinkName, Link>()

  constructor(names: readonly LinkName[]) {
    for (const name of names)
      this.#links.set(name, {
        status: 'dead',
        heardAtMs: Number.NEGATIVE_INFINITY,
        generation: -1,
        seq: -1,
      })
  }

  /** True when the link comes up with this packet. */
  heard(name: LinkName, generation: number, seq: number, nowMs: number): boolean {
    let link = this.#links.get(name)
    if (link === undefined) {
      if (this.#links.size >= LINKS_MAX) return false
      link = { status: 'dead', heardAtMs: nowMs, generation: -1, seq: -1 }
      this.#links.set(name, link)
    }
    const isFresh = generation > link.generation || (generation === link.generation && seq > link.seq)
    if (!isFresh) return false
    link.generation = generation
    link.seq = seq
    link.heardAtMs = nowMs
    const comesUp = link.status === 'dead'
    link.status = 'up'
    return comesUp
  }

  /** Links that have now been silent for deadtimeMs; they are dead from here on. */
  expire(deadtimeMs: number, nowMs: number): LinkName[] {
    const expired: LinkName[] = []
    for (const [name, link] of this.#links) {
      if (link.status === 'dead' || nowMs - link.heardAtMs < deadtimeMs) continue
      link.status = 'dead'
      expired.push(name)
    }
    return expired
  }

  nextMs(deadtimeMs: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const link of this.#links.values())
      if (link.status === 'up') next = Math.min(next, link.heardAtMs + deadtimeMs)
    return next
  }

  report(): LinkStatus[] {
    return [...this.#links].map(([name, { status }]) => ({ name, status }))
  }
}
