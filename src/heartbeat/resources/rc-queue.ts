/** Scripts of rc.d wait in a queue of their own, so that a slow one does not hold up a takeover; one runs at a time. */
import { BoundedQueue } from '../../base/bounded-queue.js'
import { runCommand } from '../../base/io/run-command.js'
import type { RunnerLine, ToRunner } from './plan/protocol.js'

const SCRIPTS_MAX = 256
const SCRIPT_TIMEOUT_MS = 600_000

type Script = Extract<ToRunner, { kind: 'script' }>

export interface RcWorld {
  readonly haDir: string
  /** It changes when the files are read again. */
  readonly env: () => Readonly<Record<string, string>>
  /** Aborted when the runner must end now. */
  readonly ending: AbortSignal
  readonly isOrphaned: () => boolean
  readonly say: (program: string, level: RunnerLine['level'], text: string) => void
  readonly sayOutput: (program: string, output: string) => void
}

export class RcQueue {
  readonly #world: RcWorld
  readonly #scripts = new BoundedQueue<Script>(SCRIPTS_MAX)
  #isWorking = false

  constructor(world: RcWorld) {
    this.#world = world
  }

  push(script: Script): void {
    // A peer that floods us with messages must not fill our memory; what is dropped is said.
    if (this.#scripts.push(script)) void this.#work()
    else if (this.#scripts.refused % SCRIPTS_MAX === 1)
      this.#world.say('heartbeat', 'WARN', `rc.d/${script.name} not run: too many scripts wait`)
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    const { isOrphaned } = this.#world
    for (let next = this.#scripts.shift(); next && !isOrphaned(); next = this.#scripts.shift())
      await this.#run(next)
    this.#isWorking = false
  }

  async #run({ name, env }: Script): Promise<void> {
    const { haDir, ending, say, sayOutput } = this.#world
    const path = `${haDir}/rc.d/${name}`
    say('harc(default)', 'info', `Running ${path} ${name}`)
    const result = await runCommand(path, [name], {
      timeoutMs: SCRIPT_TIMEOUT_MS,
      env: { ...this.#world.env(), ...env },
      cwd: '/',
      signal: ending,
    })
    sayOutput(`${name}(default)`, result.stdout + result.stderr)
    if (result.exitCode === 0) return
    const why = result.spawnError ?? (result.timedOut ? 'too slow, ended' : `return code ${result.exitCode}`)
    say('harc(default)', 'ERROR', `${path}: ${why}`)
  }
}
