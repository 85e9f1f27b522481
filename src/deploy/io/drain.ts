/**
 * The seam between a run and the directors: weight 0 as a state that is held there, and what is left of a host's
 * clients. One way of holding it exists: a file in ldirectord's maintenancedir on every director. It survives reload,
 * restart and failover, and works with ldirectord 4.12 as with ours.
 */

import { type Reading, readDirector } from '../plan/director-view.js'
import { type LdirectordFacts, readFacts } from '../plan/ldirectord-cf.js'
import * as scripts from '../plan/scripts.js'
import type { Shell } from './shell.js'

export interface Cleared {
  /** null: the weight comes back. */
  readonly why: string | null
  /** Directors that could not be told; the mark is still there. */
  readonly left: readonly string[]
  /** The mark that stays is not ours: an administrator wants the server out. */
  readonly isForeign: boolean
}

export interface Drain {
  readonly method: string
  /** What the directors' files say of these reals; a sentence where a drain would not hold. */
  prepare(reals: readonly string[]): Promise<string | null>
  /** Weight 0 for these reals, on every director. null, or why not. */
  set(reals: readonly string[], mark: DrainMark): Promise<string | null>
  clear(reals: readonly string[]): Promise<Cleared>
  read(reals: readonly string[]): Promise<readonly Reading[]>
  weights(): ReadonlyMap<string, number>
  /** Where the lock of each director lies; known once `prepare` was asked. */
  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[]
}

export interface DrainMark {
  readonly run: string
  readonly reason: string
  readonly time: string
}

export interface DirectorOptions {
  readonly config: string
  readonly ldirectord: string
  readonly counters: 'auto' | 'ipvsadm' | 'ldirectord'
  readonly timeoutMs: number
}

/** Begins every file that is ours. */
const OURS = 'ha-deploy'
const TIMEOUT_FACTOR = 3

export class MaintenanceDrain implements Drain {
  readonly method = 'maintenancedir'
  readonly #directors: readonly Shell[]
  readonly #options: DirectorOptions
  readonly #facts = new Map<string, LdirectordFacts>()

  constructor(directors: readonly Shell[], options: DirectorOptions) {
    this.#directors = directors
    this.#options = options
  }

  async prepare(reals: readonly string[]): Promise<string | null> {
    for (const director of this.#directors) {
      const facts = await this.#factsOf(director)
      if (typeof facts === 'string') return `${director.name}: ${facts}`
      if (facts.maintenancedir === null)
        return `${director.name}: ${this.#options.config} has no maintenancedir; write maintenancedir = /etc/ha.d/maintenance and make that folder`
      const deleting = facts.deleting.find(({ reals: listed }) => listed.some(real => reals.includes(real)))
      if (deleting !== undefined)
        return `${director.name}: virtual ${deleting.virtual} has quiescent=no: its clients would be cut off, not drained; write quiescent=yes`
    }
    return null
  }

  async set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    const text = `${OURS} run ${mark.run} ${mark.time} ${mark.reason}`
    return this.#everywhere(reals, (director, folder, real) =>
      director.run(scripts.MAINTAIN, [folder, real, text, OURS], this.#timeoutMs),
    )
  }

  async clear(reals: readonly string[]): Promise<Cleared> {
    const left: string[] = []
    let first: string | null = null
    let isForeign = false
    for (const director of this.#directors) {
      const why = await this.#at(director, reals, async (folder, real) => {
        const result = await director.run(scripts.UNMAINTAIN, [folder, real, OURS], this.#timeoutMs)
        isForeign ||= result.status === scripts.STATUS.foreign
        return result
      })
      if (why === null) continue
      left.push(director.name)
      first ??= why
    }
    // One that was told is enough when it is the one that serves; whether it is, the weight will show.
    return { left, isForeign, why: left.length === this.#directors.length ? first : null }
  }

  async read(reals: readonly string[]): Promise<readonly Reading[]> {
    const { config, ldirectord, counters } = this.#options
    const addresses = [...new Set(reals.map(real => real.slice(0, real.lastIndexOf(':'))))]
    return Promise.all(
      this.#directors.map(async director => {
        const words = [config, ldirectord, counters, ...addresses]
        const result = await director.run(scripts.READ_DIRECTOR, words, this.#timeoutMs)
        if (!result.ok) return { director: director.name, unreachable: result.why }
        return readDirector(director.name, result.stdout)
      }),
    )
  }

  weights(): ReadonlyMap<string, number> {
    return new Map([...this.#facts.values()].flatMap(facts => [...facts.weights]))
  }

  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[] {
    return this.#directors.flatMap(shell => {
      const folder = this.#facts.get(shell.name)?.maintenancedir ?? null
      return folder === null ? [] : [{ shell, folder }]
    })
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs * TIMEOUT_FACTOR
  }

  async #factsOf(director: Shell): Promise<LdirectordFacts | string> {
    const known = this.#facts.get(director.name)
    if (known !== undefined) return known
    const file = await director.run(scripts.READ_FILE, [this.#options.config], this.#timeoutMs)
    if (!file.ok) return file.why
    const facts = readFacts(file.stdout, this.#options.config)
    this.#facts.set(director.name, facts)
    return facts
  }

  async #at(
    director: Shell,
    reals: readonly string[],
    act: (folder: string, real: string) => Promise<{ readonly ok: boolean; readonly why: string }>,
  ): Promise<string | null> {
    const facts = await this.#factsOf(director)
    if (typeof facts === 'string') return `${director.name}: ${facts}`
    for (const real of reals) {
      const result = await act(facts.maintenancedir ?? '', real)
      if (!result.ok) return `${director.name}: ${result.why}`
    }
    return null
  }

  async #everywhere(
    reals: readonly string[],
    act: (
      director: Shell,
      folder: string,
      real: string,
    ) => Promise<{ readonly ok: boolean; readonly why: string }>,
  ): Promise<string | null> {
    for (const director of this.#directors) {
      const why = await this.#at(director, reals, (folder, real) => act(director, folder, real))
      if (why !== null) return why
    }
    return null
  }
}
