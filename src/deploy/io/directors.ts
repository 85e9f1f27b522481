/** The directors of a run: what their files say, what their tables show, and where their locks lie. */
import { type DirectorView, isLost, isView, type Reading, readDirector } from '../plan/director-view.js'
import { type LdirectordFacts, readFacts } from '../plan/ldirectord-cf.js'
import * as scripts from '../plan/scripts.js'
import type { Cleared, Quorum } from './drain.js'
import type { ScriptResult, Shell } from './shell.js'

export interface DirectorOptions {
  readonly config: string
  readonly ldirectord: string
  readonly counters: 'auto' | 'ipvsadm' | 'ldirectord'
  readonly timeoutMs: number
}

export interface DirectorFacts extends LdirectordFacts {
  /** Where the lock of this director lies. */
  readonly lockFolder: string
}

/** Why something was not done; lost: the director could not be asked at all. */
export interface Fault {
  readonly why: string
  readonly isLost: boolean
}

/** null: the drain has ended on this director. */
export interface LetGo {
  readonly why: string | null
  readonly isForeign: boolean
}

export const refusal = (why: string): Fault => ({ why, isLost: false })
export const faultOf = ({ why, status }: ScriptResult): Fault => ({ why, isLost: status === null })

const TIMEOUT_FACTOR = 3
/** What `cl_status rscstatus` says where the resources of another node are held too. */
const HEIRS = ['all', 'foreign']

export class Directors {
  readonly shells: readonly Shell[]
  readonly #options: DirectorOptions
  readonly #facts = new Map<string, DirectorFacts>()
  /** The virtual services that each director had when it was first looked at; none while it did not answer. */
  readonly #first = new Map<string, ReadonlySet<string>>()
  readonly #last = new Map<string, DirectorView>()

  constructor(shells: readonly Shell[], options: DirectorOptions) {
    this.shells = shells
    this.#options = options
  }

  get file(): string {
    return this.#options.config
  }

  run(director: Shell, script: string, words: readonly string[]): Promise<ScriptResult> {
    return director.run(script, words, this.#options.timeoutMs * TIMEOUT_FACTOR)
  }

  /** A script whose first words are ldirectord.cf and the program. */
  ask(director: Shell, script: string, words: readonly string[] = []): Promise<ScriptResult> {
    return this.run(director, script, [this.#options.config, this.#options.ldirectord, ...words])
  }

  async read(reals: readonly string[]): Promise<readonly Reading[]> {
    const addresses = [...new Set(reals.map(real => real.slice(0, real.lastIndexOf(':'))))]
    const readings = await Promise.all(
      this.shells.map(async director => {
        const words = [this.#options.counters, ...addresses]
        const result = await this.ask(director, scripts.READ_DIRECTOR, words)
        const reading: Reading = result.ok
          ? readDirector(director.name, result.stdout)
          : { director: director.name, unreachable: result.why, last: null }
        return this.#remember(reading)
      }),
    )
    // Who has taken over is only of interest where somebody is gone who had something.
    const isOrphaned = readings.some(reading => isLost(reading) && (reading.last?.reals.length ?? 0) > 0)
    if (!isOrphaned) return readings
    const heirs = await this.#heirs(readings.filter(isView))
    return readings.map(reading =>
      isView(reading) && heirs.has(reading.director) ? { ...reading, gained: 'everything' } : reading,
    )
  }

  #remember(reading: Reading): Reading {
    const name = reading.director
    const listed = isLost(reading) ? [] : reading.reals.map(({ virtual }) => virtual)
    const before = this.#first.get(name) ?? new Set(listed)
    this.#first.set(name, before)
    if (isLost(reading)) return { ...reading, last: this.#last.get(name) ?? null }
    this.#last.set(name, reading)
    return { ...reading, gained: [...new Set(listed.filter(virtual => !before.has(virtual)))] }
  }

  /** The directors of which heartbeat says that they hold what was another node's. */
  async #heirs(views: readonly DirectorView[]): Promise<ReadonlySet<string>> {
    const asked = await Promise.all(
      views.map(async ({ director }) => {
        const shell = this.shells.find(({ name }) => name === director)!
        const result = await this.run(shell, scripts.RESOURCES, [])
        return result.ok && HEIRS.includes(result.stdout.trim()) ? director : null
      }),
    )
    return new Set(asked.filter(name => name !== null))
  }

  /** What each that answers says of its checks. */
  async statuses(): Promise<readonly string[]> {
    const said = await Promise.all(this.shells.map(director => this.ask(director, scripts.STATUS_JSON)))
    return said.filter(({ ok }) => ok).map(({ stdout }) => stdout)
  }

  /** Read once: a drain is judged by the file with which the run began. */
  async factsOf(director: Shell): Promise<DirectorFacts | Fault> {
    const known = this.#facts.get(director.name)
    if (known !== undefined) return known
    const file = await this.run(director, scripts.READ_FILE, [this.#options.config])
    if (!file.ok) return faultOf(file)
    const facts = readFacts(file.stdout, this.#options.config)
    const lockFolder = facts.maintenancedir ?? (await this.#stateFolder(director))
    if (lockFolder === null) return refusal('does not say where it keeps its state')
    const whole = { ...facts, lockFolder }
    this.#facts.set(director.name, whole)
    return whole
  }

  async #stateFolder(director: Shell): Promise<string | null> {
    const said = await this.run(director, scripts.STATE_FOLDER, [])
    return said.ok && said.stdout.startsWith('/') ? `${said.stdout.trim()}/ha-deploy` : null
  }

  weights(): ReadonlyMap<string, number> {
    return new Map([...this.#facts.values()].flatMap(facts => [...facts.weights]))
  }

  checkSeconds(): number {
    return Math.max(0, ...[...this.#facts.values()].map(facts => facts.checkSeconds))
  }

  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[] {
    return this.shells.flatMap(shell => {
      const facts = this.#facts.get(shell.name)
      return facts === undefined ? [] : [{ shell, folder: facts.lockFolder }]
    })
  }

  /**
   * Carries out the same thing on each, side by side. null, or the first sentence that says why not. With `some` those
   * that cannot be reached are left out, as long as one is left: whether that is enough, its table shows.
   */
  async each(quorum: Quorum, act: (director: Shell) => Promise<Fault | null>): Promise<string | null> {
    const answers = await Promise.all(
      this.shells.map(async director => ({ name: director.name, fault: await act(director) })),
    )
    const isAnyThere = answers.some(({ fault }) => fault === null || !fault.isLost)
    const counts = (fault: Fault | null): fault is Fault =>
      fault !== null && (quorum === 'all' || !isAnyThere || !fault.isLost)
    const found = answers.find(({ fault }) => counts(fault))
    return found === undefined ? null : `${found.name}: ${found.fault!.why}`
  }

  /** One that was told is enough when it is the one that serves; whether it is, the weight will show. */
  async letGo(act: (director: Shell) => Promise<LetGo>): Promise<Cleared> {
    const answers = await Promise.all(
      this.shells.map(async director => ({ name: director.name, ...(await act(director)) })),
    )
    const faults = answers.filter(({ why }) => why !== null)
    const [first] = faults
    const isNowhere = first !== undefined && faults.length === answers.length
    return {
      left: faults.map(({ name }) => name),
      isForeign: faults.some(({ isForeign }) => isForeign),
      why: isNowhere ? `${first.name}: ${first.why}` : null,
    }
  }
}
