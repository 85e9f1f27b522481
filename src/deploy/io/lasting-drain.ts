/**
 * Weight 0 as ldirectord's own lasting drain: in force at once, on its disk, kept over reload, restart and takeover,
 * and with an end: when this machine dies the weight comes back after lock_ttl, if ldirectord's check passes.
 */
import { type DrainedServer, readDrained } from '../plan/drained-servers.js'
import * as scripts from '../plan/scripts.js'
import { type Directors, type Fault, faultOf, type LetGo, refusal } from './directors.js'
import { type Cleared, type DrainMark, type DrainMethod, markText, OURS, type Quorum } from './drain.js'
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

  /** At the start of a run every director must answer: whoever has a weight must be told. */
  prepare(_reals: readonly string[], quorum: Quorum): Promise<string | null> {
    return this.#directors.each(quorum, async director => {
      const facts = await this.#directors.factsOf(director)
      if ('why' in facts) return facts
      const drained = await this.#drained(director)
      return 'why' in drained ? drained : null
    })
  }

  set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    return this.#directors.each('some', async director => {
      const drained = await this.#drained(director)
      if ('why' in drained) return drained
      const foreign = foreignOf(drained.servers, reals)
      if (foreign !== undefined)
        return refusal(
          `${foreign.server} was drained by somebody else: ${foreign.who} ${foreign.reason}`.trim(),
        )
      const seconds = mark.lasts === 'forever' ? '' : String(mark.lasts?.seconds ?? this.#seconds)
      return this.#drain(director, reals, markText(mark), seconds, mark.weight ?? 0)
    })
  }

  clear(reals: readonly string[]): Promise<Cleared> {
    return this.#directors.letGo(director => this.#letGo(director, reals))
  }

  async #letGo(director: Shell, reals: readonly string[]): Promise<LetGo> {
    const drained = await this.#drained(director)
    if ('why' in drained) return { why: drained.why, isForeign: false }
    const foreign = foreignOf(drained.servers, reals)
    if (foreign !== undefined) {
      const by = `${foreign.who} ${foreign.reason}`.trim()
      return { why: `${foreign.server} was drained by somebody else and stays: ${by}`, isForeign: true }
    }
    const result = await this.#directors.ask(director, scripts.UNDRAIN, reals)
    return { why: result.ok ? null : result.why, isForeign: false }
  }

  renew(run: string): Promise<string | null> {
    return this.#directors.each('all', async director => {
      const drained = await this.#drained(director)
      if ('why' in drained) return drained
      const ours = drained.servers.filter(
        entry => entry.reason.startsWith(`${OURS} run ${run} `) && entry.untilUnixMs !== null,
      )
      for (const [server, { reason, most }] of new Map(ours.map(entry => [entry.server, entry]))) {
        const fault = await this.#drain(director, [server], reason, String(this.#seconds), most)
        if (fault !== null) return fault
      }
      return null
    })
  }

  async #drained(director: Shell): Promise<{ readonly servers: readonly DrainedServer[] } | Fault> {
    const result = await this.#directors.ask(director, scripts.DRAINED)
    const servers = result.ok ? readDrained(result.stdout) : null
    if (servers !== null) return { servers }
    if (result.ok || result.status !== null)
      // One that does not run is as good as gone: whether another one has taken over, the tables show.
      return {
        why: `no ldirectord with lasting drains answers (${result.why || 'its answer is no list of drains'}); start ours there (warm on a standby), or use method = maintenancedir`,
        isLost: true,
      }
    return faultOf(result)
  }

  async #drain(
    director: Shell,
    reals: readonly string[],
    reason: string,
    seconds: string,
    most: number,
  ): Promise<Fault | null> {
    const words = [reason, seconds, most === 0 ? '' : String(most), ...reals]
    const result = await this.#directors.ask(director, scripts.DRAIN, words)
    return result.ok ? null : faultOf(result)
  }
}

const isOurs = ({ reason }: DrainedServer): boolean => reason.startsWith(`${OURS} `)

const foreignOf = (drained: readonly DrainedServer[], reals: readonly string[]): DrainedServer | undefined =>
  drained.find(entry => reals.includes(entry.server) && !isOurs(entry))
