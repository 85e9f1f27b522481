/**
 * Weight 0 held by a file in ldirectord's maintenancedir on every director. It survives reload, restart and failover,
 * and works with ldirectord 4.12 as with ours; it never ends by itself.
 */
import * as scripts from '../plan/scripts.js'
import { type Directors, faultOf, type LetGo, refusal } from './directors.js'
import { type Cleared, type DrainMark, type DrainMethod, markText, OURS, type Quorum } from './drain.js'
import type { Shell } from './shell.js'

export class MaintenanceDrain implements DrainMethod {
  readonly method = 'maintenancedir'
  readonly #directors: Directors

  constructor(directors: Directors) {
    this.#directors = directors
  }

  prepare(reals: readonly string[], quorum: Quorum): Promise<string | null> {
    return this.#directors.each(quorum, async director => {
      const facts = await this.#directors.factsOf(director)
      if ('why' in facts) return facts
      if (facts.maintenancedir === null)
        return refusal(
          `${this.#directors.file} has no maintenancedir; write maintenancedir = /etc/ha.d/maintenance and make that folder`,
        )
      const deleting = facts.deleting.find(({ reals: listed }) => listed.some(real => reals.includes(real)))
      return deleting === undefined
        ? null
        : refusal(
            `virtual ${deleting.virtual} has quiescent=no: its clients would be cut off, not drained; write quiescent=yes`,
          )
    })
  }

  async set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    if (typeof mark.lasts === 'object')
      return 'a file in maintenancedir does not end by itself: --for wants the drain of our ldirectord (method = weight)'
    return this.#directors.each('some', async director => {
      const facts = await this.#directors.factsOf(director)
      if ('why' in facts) return facts
      for (const real of reals) {
        const words = [facts.maintenancedir ?? '', real, markText(mark), OURS]
        const result = await this.#directors.run(director, scripts.MAINTAIN, words)
        if (!result.ok) return faultOf(result)
      }
      return null
    })
  }

  clear(reals: readonly string[]): Promise<Cleared> {
    return this.#directors.letGo(director => this.#letGo(director, reals))
  }

  async #letGo(director: Shell, reals: readonly string[]): Promise<LetGo> {
    const facts = await this.#directors.factsOf(director)
    if ('why' in facts) return { why: facts.why, isForeign: false }
    let why: string | null = null
    let isForeign = false
    for (const real of facts.maintenancedir === null ? [] : reals) {
      const words = [facts.maintenancedir!, real, OURS]
      const result = await this.#directors.run(director, scripts.UNMAINTAIN, words)
      isForeign ||= result.status === scripts.STATUS.foreign
      if (!result.ok) why ??= result.why
    }
    return { why, isForeign }
  }

  async renew(): Promise<null> {
    return null // it lasts
  }
}
