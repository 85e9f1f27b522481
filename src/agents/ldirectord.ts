/**
 * The agent `ldirectord::CONFIG`: starts, stops and asks the ldirectord command. heartbeat and ldirectord meet only
 * here and only as processes, so either can be replaced by the original.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../base/io/run-command.js'
import { type Agent, EXIT, usageOutcome } from './agent.js'

const ACTIONS = ['start', 'stop', 'restart', 'try-restart', 'reload', 'force-reload', 'status']
const TIMEOUT_MS = 120_000

/** Our own command beside the running bundle, else whatever PATH offers. */
function ldirectordCommand(): readonly [file: string, ...args: string[]] {
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'ldirectord.cjs')
  return existsSync(beside) ? [process.execPath, beside] : ['ldirectord']
}

export const ldirectord: Agent = {
  name: 'ldirectord',
  usage: '[CONFIG] (start|stop|status)',
  summary: 'ldirectord with one configuration file',
  async run(args, action, context) {
    if (args.length > 1) return usageOutcome(ldirectord)
    const wanted = action === 'monitor' ? 'status' : action
    if (!ACTIONS.includes(wanted)) return usageOutcome(ldirectord, action)
    const [file, ...before] = ldirectordCommand()
    const { haDir, varLib, varRun, varLog } = context.paths
    const result = await runCommand(file, [...before, ...args, wanted], {
      timeoutMs: TIMEOUT_MS,
      signal: context.signal,
      env: { ...context.env, HA_DIR: haDir, HA_VARLIB: varLib, HA_VARRUN: varRun, HA_VARLOG: varLog },
    })
    if (result.spawnError !== null) {
      return {
        exitCode: EXIT.generic,
        output: `ERROR:  the command ldirectord cannot be run: ${result.spawnError}\n`,
      }
    }
    return { exitCode: result.exitCode ?? EXIT.generic, output: result.stdout + result.stderr }
  },
}
