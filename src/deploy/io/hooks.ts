/**
 * The administrator's own commands. They are shell by intent, run on the host (or here with `local:` in front) with
 * what they need to know in the environment. What they print is kept in the log of the run, not on the terminal.
 */
import { appendFileSync } from 'node:fs'
import { HOOK } from '../plan/scripts.js'
import type { ScriptResult, Shell } from './shell.js'

export const LOCAL = /^local:\s*/
const HOOK_MS_MAX = 1_800_000
/** Of each hook; the rest was read and dropped. */
const LOGGED_CHARS_MAX = 65_536

export interface HookCall {
  readonly command: string
  /** Where it stands; with `local:` the folder of deploy.cf. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

export class Hooks {
  readonly #local: Shell
  readonly #localFolder: string
  readonly #logFile: string

  constructor(local: Shell, localFolder: string, logFile: string) {
    this.#local = local
    this.#localFolder = localFolder
    this.#logFile = logFile
  }

  async run(shell: Shell, name: string, call: HookCall): Promise<ScriptResult> {
    const isLocal = LOCAL.test(call.command)
    const where = isLocal ? this.#local : shell
    const folder = isLocal ? this.#localFolder : call.folder
    const variables = Object.entries(call.env).flat()
    const result = await where.run(HOOK, [folder, call.command.replace(LOCAL, ''), ...variables], HOOK_MS_MAX)
    const head = `== ${name} on ${where.name}: ${result.ok ? 'ok' : result.why}\n`
    appendFileSync(this.#logFile, head + result.stdout.slice(-LOGGED_CHARS_MAX), { mode: 0o600 })
    return result.ok ? result : { ...result, why: `hook ${name}: ${result.why}` }
  }
}
