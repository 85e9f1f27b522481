/**
 * Has the `stonith` command of cluster-glue reset a node, or ask a device whether it works. One call at a time: most
 * devices accept one session. A call may take long, since an operator may be asked (meatware), but not for ever.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isAlive } from '../../base/io/processes.js'
import { type CommandResult, runCommand } from '../../base/io/run-command.js'
import type { StonithResult } from '../core/cluster.js'
import type { RunnerLine } from './plan/protocol.js'
import * as plan from './plan/stonith.js'

const RESET_MS = 3_600_000
const STATUS_MS = 120_000
const OUTPUT_LINES_MAX = 20

export interface StonithWorld {
  readonly env: () => Readonly<Record<string, string>>
  /** Parameters of a device stand here for the time of a call; a folder that is gone after a boot. */
  readonly folder: string
  readonly say: (level: RunnerLine['level'], text: string) => void
  readonly ending: AbortSignal
  /** The stonith command. */
  readonly command?: string
}

/** A runner that was killed during a call has left its file; that of one that still lives is in use. */
function removeLeftBehind(folder: string): void {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return // made by whoever first writes into it
  }
  for (const name of names) {
    const pid = /^heartbeat-stonith\.(\d+)\.\d+$/.exec(name)?.[1]
    if (pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue
    try {
      rmSync(`${folder}/${name}`, { force: true })
    } catch {
      // Another user's: not ours to remove, nor to read.
    }
  }
}

export class Stonith {
  readonly #world: StonithWorld
  #calls: Promise<unknown> = Promise.resolve()
  #files = 0

  constructor(world: StonithWorld) {
    this.#world = world
    removeLeftBehind(world.folder)
  }

  /** Tries one device after the other until one says that the node has been reset. */
  reset(node: string, devices: readonly plan.StonithDevice[]): Promise<StonithResult> {
    return this.#inTurn(async () => {
      let result: StonithResult = 'bad'
      for (const device of devices) {
        result = await this.#resetWith(device, node)
        if (result === 'OK') break
      }
      return result
    })
  }

  check(devices: readonly plan.StonithDevice[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const device of devices) await this.#checkOne(device)
    })
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const next = this.#calls.then(call)
    this.#calls = next.catch(() => {})
    return next
  }

  async #resetWith(device: plan.StonithDevice, node: string): Promise<StonithResult> {
    const { say } = this.#world
    say('info', plan.resetting(node, device.type))
    const exitCode = await this.#call(device, RESET_MS, node, file =>
      plan.resetArguments(device.type, file, node),
    )
    const result = plan.resultOf(exitCode)
    if (result === 'OK') say('info', plan.nowReset(node))
    else if (result === 'badhost') say('ERROR', plan.cannotReset(device.type, node))
    else say('ERROR', plan.notReset(node))
    return result
  }

  async #checkOne(device: plan.StonithDevice): Promise<void> {
    const { say } = this.#world
    say('info', plan.checking(device.type))
    const exitCode = await this.#call(device, STATUS_MS, '', file => plan.statusArguments(device.type, file))
    if (exitCode === 0) return
    say('ERROR', plan.notOperational(device.type))
    say('ERROR', plan.statusFailed)
    say('info', plan.mayHaveFailed)
  }

  async #call(
    { type, from }: plan.StonithDevice,
    timeoutMs: number,
    node: string,
    argumentsOf: (file: string) => readonly string[],
  ): Promise<number | null> {
    const { say, env, ending, command = 'stonith' } = this.#world
    const written = 'parameters' in from ? this.#write(from.parameters) : null
    if (written !== null && 'problem' in written) {
      say('ERROR', `stonith ${type}: ${written.problem}`)
      return null
    }
    const file = written?.path ?? ('file' in from ? from.file : '')
    try {
      const options = { timeoutMs, env: env(), cwd: '/', signal: ending }
      const result = await runCommand(command, argumentsOf(file), options)
      this.#sayOutput(type, result, 'parameters' in from ? from.parameters : '', node)
      return result.exitCode
    } finally {
      if (written !== null) rmSync(file, { force: true })
    }
  }

  #write(parameters: string): { readonly path: string } | { readonly problem: string } {
    const path = `${this.#world.folder}/heartbeat-stonith.${process.pid}.${++this.#files}`
    try {
      rmSync(path, { force: true })
      writeFileSync(path, `${parameters}\n`, { mode: 0o600, flag: 'wx' })
      return { path }
    } catch (error) {
      return { problem: `its parameters cannot be written to ${path}: ${(error as Error).message}` }
    }
  }

  #sayOutput(type: string, result: CommandResult, parameters: string, node: string): void {
    const { say } = this.#world
    if (result.spawnError !== null) {
      say('ERROR', `stonith cannot be run (${result.spawnError}): install the package cluster-glue`)
    } else if (result.timedOut) say('ERROR', `stonith ${type}: not finished in time, ended`)
    const text = plan.withoutParameters(result.stdout + result.stderr, parameters, [node])
    const lines = text.split('\n').filter(line => line.trim() !== '')
    for (const line of lines.slice(0, OUTPUT_LINES_MAX)) say('info', `glib: ${line}`)
  }
}
