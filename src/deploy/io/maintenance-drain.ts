/**
 * Weight 0 held by a file in ldirectord's maintenancedir on every director. It survives reload, restart and failover,
 * and works with ldirectord 4.12 as with ours; it never ends by itself.
 */
import * as scripts from '../plan/scripts.js'
import type { Directors } from './directors.js'
import { type Cleared, type DrainMark, type DrainMethod, markText, OURS } from './drain.js'

export class MaintenanceDrain implements DrainMethod {
  readonly method = 'maintenancedir'
  readonly #directors: Directors

  constructor(directors: Directors) {
    this.#directors = directors
  }

  prepare(reals: readonly string[]): Promise<string | null> {
    return this.#directors.each(async director => {
      const facts = await this.#directors.factsOf(director)
      if (typeof facts === 'string') return facts
      if (facts.maintenancedir === null)
        return `${this.#directors.file} has no maintenancedir; write maintenancedir = /etc/ha.d/maintenance and make that folder`
      const deleting = facts.deleting.find(({ reals: listed }) => listed.some(real => reals.includes(real)))
      return deleting === undefined
        ? null
        : `virtual ${deleting.virtual} has quiescent=no: its clients would be cut off, not drained; write quiescent=yes`
    })
  }

  async set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    if (typeof mark.lasts === 'object')
      return 'a file in maintenancedir does not end by itself: --for wants the drain of our ldirectord (method = weight)'
    return this.#directors.each(async director => {
      const facts = await this.#directors.factsOf(director)
      if (typeof facts === 'string') return facts
      for (const real of reals) {
        const words = [facts.maintenancedir ?? '', real, markText(mark), OURS]
        const result = await this.#directors.run(director, scripts.MAINTAIN, words)
        if (!result.ok) return result.why
      }
      return null
    })
  }

  async clear(reals: readonly string[]): Promise<Cleared> {
    const left: string[] = []
    let first: string | null = null
    let isForeign = false
    for (const director of this.#directors.shells) {
      const facts = await this.#directors.factsOf(director)
      let why = typeof facts === 'string' ? facts : null
      const folder = typeof facts === 'string' ? null : facts.maintenancedir
      for (const real of folder === null ? [] : reals) {
        const result = await this.#directors.run(director, scripts.UNMAINTAIN, [folder!, real, OURS])
        isForeign ||= result.status === scripts.STATUS.foreign
        if (!result.ok) why ??= result.why
      }
      if (why === null) continue
      left.push(director.name)
      first ??= `${director.name}: ${why}`
    }
    // One that was told is enough when it is the one that serves; whether it is, the weight will show.
    return { left, isForeign, why: left.length === this.#directors.shells.length ? first : null }
  }

  async renew(): Promise<null> {
    return null // it lasts
  }
}
