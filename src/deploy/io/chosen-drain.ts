/**
 * Which way of draining a run takes. auto: ldirectord's own drain where every director has it, else maintenancedir.
 * With auto a host is let go by both, so that a run that was interrupted is ended whatever it had begun with.
 */
import type { Reading } from '../plan/director-view.js'
import type { Directors } from './directors.js'
import type { Cleared, Drain, DrainMark, DrainMethod, Quorum } from './drain.js'
import { LastingDrain } from './lasting-drain.js'
import { MaintenanceDrain } from './maintenance-drain.js'
import type { Shell } from './shell.js'

export class ChosenDrain implements Drain {
  readonly #directors: Directors
  readonly #candidates: readonly DrainMethod[]
  #chosen: DrainMethod | null = null

  constructor(directors: Directors, method: 'auto' | 'weight' | 'maintenancedir', lockSeconds: number) {
    this.#directors = directors
    const all = [new LastingDrain(directors, lockSeconds), new MaintenanceDrain(directors)]
    this.#candidates = all.filter(candidate => method === 'auto' || candidate.method === method)
  }

  get method(): string {
    return (this.#chosen ?? this.#candidates[0]!).method
  }

  /** The choice stands until the end of this process: hosts of one run are drained in one way. */
  async prepare(reals: readonly string[], quorum: Quorum): Promise<string | null> {
    if (this.#chosen !== null) return this.#chosen.prepare(reals, quorum)
    // What all know is preferred to what some know.
    let why: string | null = null
    for (const wanted of quorum === 'all' ? (['all'] as const) : (['all', 'some'] as const)) {
      for (const candidate of this.#candidates) {
        why = await candidate.prepare(reals, wanted)
        if (why !== null) continue
        this.#chosen = candidate
        return null
      }
    }
    return why
  }

  async set(reals: readonly string[], mark: DrainMark): Promise<string | null> {
    const why = this.#chosen === null ? await this.prepare(reals, 'some') : null
    return why ?? this.#chosen!.set(reals, mark)
  }

  async clear(reals: readonly string[]): Promise<Cleared> {
    const asked = await Promise.all(
      this.#candidates.map(async candidate => {
        // A method that the directors do not know has nothing to end there.
        const isKnown = candidate === this.#chosen || (await candidate.prepare(reals, 'some')) === null
        return isKnown || this.#candidates.length === 1 ? [await candidate.clear(reals)] : []
      }),
    )
    const answers = asked.flat()
    const left = [...new Set(answers.flatMap(answer => answer.left))]
    const why = answers.find(answer => answer.why !== null)?.why ?? null
    if (answers.length > 0) return { left, why, isForeign: answers.some(({ isForeign }) => isForeign) }
    const all = this.#directors.shells.map(({ name }) => name)
    return { left: all, why: 'no director knows a way of draining', isForeign: false }
  }

  async renew(run: string): Promise<string | null> {
    return this.#chosen === null ? null : this.#chosen.renew(run)
  }

  read(reals: readonly string[]): Promise<readonly Reading[]> {
    return this.#directors.read(reals)
  }

  statuses(): Promise<readonly string[]> {
    return this.#directors.statuses()
  }

  checkSeconds(): number {
    return this.#directors.checkSeconds()
  }

  weights(): ReadonlyMap<string, number> {
    return this.#directors.weights()
  }

  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[] {
    return this.#directors.lockPlaces()
  }
}
