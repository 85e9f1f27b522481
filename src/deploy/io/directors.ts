/** The directors of a run: what their files say, what their tables show, and where their locks lie. */
import { type Reading, readDirector } from '../plan/director-view.js'
import { type LdirectordFacts, readFacts } from '../plan/ldirectord-cf.js'
import * as scripts from '../plan/scripts.js'
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

const TIMEOUT_FACTOR = 3

export class Directors {
  readonly shells: readonly Shell[]
  readonly #options: DirectorOptions
  readonly #facts = new Map<string, DirectorFacts>()

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
    return Promise.all(
      this.shells.map(async director => {
        const words = [this.#options.counters, ...addresses]
        const result = await this.ask(director, scripts.READ_DIRECTOR, words)
        if (!result.ok) return { director: director.name, unreachable: result.why }
        return readDirector(director.name, result.stdout)
      }),
    )
  }

  /** Read once: a drain is judged by the file with which the run began. */
  async factsOf(director: Shell): Promise<DirectorFacts | string> {
    const known = this.#facts.get(director.name)
    if (known !== undefined) return known
    const file = await this.run(director, scripts.READ_FILE, [this.#options.config])
    if (!file.ok) return file.why
    const facts = readFacts(file.stdout, this.#options.config)
    const lockFolder = facts.maintenancedir ?? (await this.#stateFolder(director))
    if (lockFolder === null) return 'does not say where it keeps its state'
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

  lockPlaces(): readonly { readonly shell: Shell; readonly folder: string }[] {
    return this.shells.flatMap(shell => {
      const facts = this.#facts.get(shell.name)
      return facts === undefined ? [] : [{ shell, folder: facts.lockFolder }]
    })
  }

  /** Carries out the same thing on each; the first that fails ends it, with its sentence. */
  async each(act: (director: Shell) => Promise<string | null>): Promise<string | null> {
    for (const director of this.shells) {
      const why = await act(director)
      if (why !== null) return `${director.name}: ${why}`
    }
    return null
  }
}
