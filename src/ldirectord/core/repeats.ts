/**
 * The repeated mails about servers that are down (emailalertfreq). The time counts from going down, whether or not
 * that was mailed, and goes on over a reload, as with the original; a fallback is never repeated.
 */
import type { LdirectordConfig } from '../config/model.js'
import { inaccessibleReal } from '../log-lines.js'
import { canonicalKey, realDestination } from './desired.js'
import type { Director } from './director.js'
import type { Target } from './director-contract.js'
import { takesOut } from './drain.js'
import { endpoint, serviceId } from './table.js'

export interface Repeat {
  readonly target: Target
  readonly text: string
}

export class Repeats {
  /** When each server that is down was last told of, by service and server. */
  #toldMs = new Map<string, number>()

  /** The servers that are told of again now. */
  due(config: LdirectordConfig, director: Director, nowMs: number): Repeat[] {
    const repeats: Repeat[] = []
    const kept = new Map<string, number>()
    config.virtuals.forEach(({ emailalert, emailalertfreq, key: written, reals }, virtual) => {
      if (emailalert === null || emailalertfreq === 0) return
      const key = canonicalKey(written)
      reals.forEach((real, index) => {
        const target = { virtual, real: index }
        const { health, sinceMs, drain } = director.state(target)
        const destination = realDestination(key, real, 0)
        const id = `${serviceId(key)} ${endpoint(destination.address, destination.port)}`
        if (health === 'up' || takesOut(drain) || (health === 'unknown' && !this.#toldMs.has(id))) return
        const toldMs = this.#toldMs.get(id) ?? sinceMs
        const isDue = health === 'down' && nowMs - toldMs >= emailalertfreq * 1000
        if (isDue) repeats.push({ target, text: inaccessibleReal(destination, key) })
        kept.set(id, isDue ? nowMs : toldMs)
      })
    })
    this.#toldMs = kept
    return repeats
  }
}
