/**
 * The programs that the file names: fallbackcommand, callback, and the instances of execute=. They run beside the
 * checks, one after the other.
 */
import { accessSync, constants } from 'node:fs'
import { BoundedQueue } from '../../base/bounded-queue.js'
import { runCommand } from '../../base/io/run-command.js'
import type { InstanceAction } from '../core/execute.js'
import { endpoint, type ServiceKey } from '../core/table.js'

const TIMEOUT_MS = 60_000
const QUEUE_MAX = 1_000

interface Job {
  readonly program: string
  readonly args: readonly string[]
  readonly shown: string
}

/** `SERVER:PORT PROTO` as the original gives them; a mark has no server and port 0. */
export function fallbackArguments(key: ServiceKey, active: boolean): string[] {
  const server = key.protocol === 'fwm' ? ':0' : endpoint(key.address, key.port)
  return [active ? 'start' : 'stop', server, key.protocol]
}

export class Commands {
  readonly #onFailure: (sentence: string) => void
  readonly #queue = new BoundedQueue<Job>(QUEUE_MAX)
  #isRunning = false
  #idle: Promise<void> = Promise.resolve()

  constructor(onFailure: (sentence: string) => void) {
    this.#onFailure = onFailure
  }

  /**
   * The file's text is a piece of shell, as the original gives it to one; what we add to it are separate words that
   * no shell reads.
   */
  fallback(command: string, key: ServiceKey, active: boolean): void {
    const args = fallbackArguments(key, active)
    this.#add({
      program: '/bin/sh',
      args: ['-c', `${command} "$@"`, 'ldirectord', ...args],
      shown: `${command} ${args.join(' ')}`,
    })
  }

  callback(program: string, file: string): void {
    try {
      accessSync(program, constants.X_OK)
    } catch {
      return // as with the original, a callback that cannot be executed is none
    }
    this.#add({ program, args: [file], shown: `${program} ${file}` })
  }

  /** `command` is ldirectord itself: a program and its first arguments. */
  instance(command: readonly string[], { config, action }: InstanceAction): void {
    const [program, ...before] = command
    const args = [...before, config, action]
    this.#add({ program: program!, args, shown: `ldirectord ${config} ${action}` })
  }

  /** Resolves when everything that was asked has been run. */
  idle(): Promise<void> {
    return this.#idle
  }

  #add(job: Job): void {
    if (!this.#queue.push(job))
      this.#onFailure(`${job.shown} was left out: ${QUEUE_MAX} commands wait already`)
    if (!this.#isRunning) this.#idle = this.#work()
  }

  async #work(): Promise<void> {
    this.#isRunning = true
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      const result = await runCommand(job.program, job.args, { timeoutMs: TIMEOUT_MS })
      if (result.exitCode === 0) continue
      const why = result.timedOut
        ? `no end within ${TIMEOUT_MS / 1000} s`
        : (result.spawnError ?? `exit status ${result.exitCode ?? result.signal}`)
      this.#onFailure(`${job.shown}: ${why}`)
    }
    this.#isRunning = false
  }
}
