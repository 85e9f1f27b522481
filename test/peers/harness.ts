/**
 * Commands with deadlines, waiting with a limit, and the rigs as values. What a test sets up is taken down by
 * `t.teardown`, whatever happens in between.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type CommandResult, runCommand } from '../../src/base/io/run-command.js'
import { temporaryFolder } from '../temporary-folder.js'
import { reaper } from './reaper.js'

/** The tests run from the project folder (as ava does). */
export const project = process.cwd()
export const bin = (name: string): string => join(project, 'dist/bin', `${name}.cjs`)

export const environment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/** The four roots of a node that lives in one folder. */
export const rootsIn = (folder: string): Record<string, string> => ({
  HA_DIR: join(folder, 'ha.d'),
  HA_VARLIB: join(folder, 'lib'),
  HA_VARRUN: join(folder, 'run'),
  HA_VARLOG: join(folder, 'log'),
})

export async function run(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly env?: Record<string, string> } = {},
): Promise<CommandResult> {
  return runCommand(file, args, {
    timeoutMs: options.timeoutMs ?? 20_000,
    env: { ...environment(), ...options.env },
    outputBytesMax: 1 << 20,
  })
}

/** Waits until `look` gives something else than null or false; fails with what it looked for. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    const found = await look()
    if (found !== null && found !== false) return found
    if (performance.now() - startedMs > limitMs) throw new Error(`not within ${limitMs / 1000} s: ${what}`)
    await delay(100)
  }
}

export interface Rig {
  /** Runs the rig's command; throws with its output when the command fails. */
  readonly command: (...words: string[]) => Promise<string>
  /** The same, but a failure is an answer. */
  readonly attempt: (words: readonly string[], timeoutMs?: number) => Promise<CommandResult>
}

const rigPath = (program: string): string => resolve(project, 'test/peers/rig', program)

function rig(program: string, options: readonly string[]): Rig {
  const path = rigPath(program)
  const attempt: Rig['attempt'] = (words, timeoutMs) =>
    run(path, [...options, ...words], timeoutMs === undefined ? {} : { timeoutMs })
  const command = async (...words: string[]): Promise<string> => {
    const result = await attempt(words, 60_000)
    if (result.exitCode === 0) return result.stdout
    throw new Error(
      `${program} ${words.join(' ')}: status ${result.exitCode}: ${result.stderr}${result.stdout}`,
    )
  }
  return { attempt, command }
}

export interface HaPair extends Rig {
  readonly folder: string
  /** The network namespace of a node. */
  readonly namespace: (node: string) => string
}

/** Where a rig hands in how it is taken down: a test, or a program that runs the same clusters. */
export type Owner = Pick<ExecutionContext, 'teardown'>

let pairs = 0

/** Two nodes in namespaces (rig/ha-pair), with the given files in both /etc/ha.d. */
export async function haPair(t: Owner, files: Readonly<Record<string, string>>): Promise<HaPair> {
  const folder = temporaryFolder(t)
  // Short: a name of a namespace, and several pairs may live at once.
  const tag = `sy${process.pid.toString(36)}${pairs++ === 0 ? '' : `_${pairs}`}`
  const options = ['-d', `${folder}/rig`, '-t', tag]
  const pair = rig('ha-pair', options)
  const callOff = reaper([rigPath('ha-pair'), ...options, 'down'])
  t.teardown(async () => {
    await pair.attempt(['down'], 30_000)
    callOff()
  })
  await pair.command('up')
  const conf = temporaryFolder(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(conf, name), text, { mode: 0o600 })
  await pair.command('conf', 'both', conf)
  return { ...pair, folder: `${folder}/rig`, namespace: node => `${tag}-${node}` }
}

export interface Guests extends Rig {
  /** What the rig and, in front, its namespaces are called. */
  readonly name: string
}

/** User-mode guests with real IPVS (rig/ipvs-vm). `up` words: `1`, `--reals`, `2`, ... */
export async function ipvsVm(t: Owner, ...up: string[]): Promise<Guests> {
  // Six letters at most; process numbers end at 4194304, which is 2hwg0.
  const name = `s${process.pid.toString(36)}`
  const options = ['-n', name]
  const vm = rig('ipvs-vm', options)
  const callOff = reaper([rigPath('ipvs-vm'), ...options, 'down'])
  t.teardown(async () => {
    await vm.attempt(['down'], 30_000)
    callOff()
  })
  const result = await vm.attempt(['up', ...up], 90_000)
  if (result.exitCode !== 0) throw new Error(`ipvs-vm up: ${result.stderr}${result.stdout}`)
  return { ...vm, name }
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // not written yet
  }
}
