/**
 * Weight 0 as ldirectord's own lasting drain: in force at once, on its disk, kept over reload, restart and takeover,
 * and with an end: when this machine dies the weight comes back after lock_ttl, if ldirectord's check passes.
 */
import { type DrainedServer, readDrained } from '../plan/drained-servers.js'
import * as scripts from '../plan/scripts.js'
import type { Directors } from './directors.js'
import { type Cleared, type DrainMark, type DrainMethod, markText, OURS } from './drain.js'
import type { Shell } from './shell.js'

export class LastingDrain implements DrainMethod {
  readonly method = 'weight'
  readonly #directors: Directors
  readonly #seconds: number

  /** @param seconds after which an end comes that nobody has put off */
  constructor(directors: Directors, seconds: number) {
    this.#directors = directors
    this.#seconds = seconds
  }

  /** Every director must answer: one that does not would start without the drain and give the host its weight. */
  prepare(): Promise<string | null> {
    return this.#directors.each(async director => {
      const facts = await this.#directors.factsOf(director)
      if (typeof facts === 'string') return facts
      const drained = await this.#drained(director)
      return typeof drained === 'string' ? drained : null
    })
  }

  set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    return this.#directors.each(async director => {
      const drained = await this.#drained(director)
      if (typeof drained === 'string') return drained
      const foreign = drained.find(entry => reals.includes(entry.server) && !isOurs(entry))
      if (foreign !== undefined)
        return `${foreign.server} was drained by somebody else: ${foreign.who} ${foreign.reason}`.trim()
      const seconds = mark.lasts === 'forever' ? '' : String(mark.lasts?.seconds ?? this.#seconds)
      return this.#drain(director, reals, markText(mark), seconds)
    })
  }

  async clear(reals: readonly string[]): Promise<Cleared> {
    const left: string[] = []
    let first: string | null = null
    let isForeign = false
    for (const director of this.#directors.shells) {
      const drained = await this.#drained(director)
      let why = typeof drained === 'string' ? drained : null
      const foreign =
        typeof drained === 'string'
          ? undefined
          : drained.find(entry => reals.includes(entry.server) && !isOurs(entry))
      if (foreign !== undefined) {
        isForeign = true
        why =
          `${foreign.server} was drained by somebody else and stays: ${foreign.who} ${foreign.reason}`.trim()
      }
      if (why === null) {
        const result = await this.#directors.ask(director, scripts.UNDRAIN, reals)
        if (result.ok) continue
        why = result.why
      }
      left.push(director.name)
      first ??= `${director.name}: ${why}`
    }
    return { left, isForeign, why: left.length === this.#directors.shells.length ? first : null }
  }

  renew(run: string): Promise<string | null> {
    return this.#directors.each(async director => {
      const drained = await this.#drained(director)
      if (typeof drained === 'string') return drained
      const ours = drained.filter(
        entry => entry.reason.startsWith(`${OURS} run ${run} `) && entry.untilUnixMs !== null,
      )
      for (const [server, { reason }] of new Map(ours.map(entry => [entry.server, entry]))) {
        const why = await this.#drain(director, [server], reason, String(this.#seconds))
        if (why !== null) return why
      }
      return null
    })
  }

  async #drained(director: Shell): Promise<readonly DrainedServer[] | string> {
    const result = await this.#directors.ask(director, scripts.DRAINED)
    const drained = result.ok ? readDrained(result.stdout) : null
    if (drained !== null) return drained
    const said = result.ok ? 'its answer is no list of drains' : result.why
    return `no ldirectord with lasting drains answers (${said}); start ours there (warm on a standby), or use method = maintenancedir`
  }

  async #drain(director: Shell, reals: readonly string[], reason: string, seconds: string) {
    const result = await this.#directors.ask(director, scripts.DRAIN, [reason, seconds, ...reals])
    return result.ok ? null : result.why
  }
}

const isOurs = ({ reason }: DrainedServer): boolean => reason.startsWith(`${OURS} `)
