/**
 * The agent `ldirectord::CONFIG`: starts, stops and asks the ldirectord command, or the warm standby that runs already.
 * heartbeat and ldirectord meet only here and only as processes, so either can be replaced by the original.
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../base/io/run-command.js'
import { type Agent, type AgentContext, type AgentOutcome, EXIT, usageOutcome } from './agent.js'
import { metaData } from './meta-data.js'
import { failedWith, OCF_EXIT, succeeded } from './outcome.js'
import { askWarm } from './warm-ldirectord.js'

const ACTIONS = ['start', 'stop', 'restart', 'try-restart', 'reload', 'force-reload', 'status']
const TIMEOUT_MS = 120_000

/** Our own command beside the running bundle, else whatever PATH offers. */
function ldirectordCommand(): readonly [file: string, ...args: string[]] {
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'ldirectord.cjs')
  return existsSync(beside) ? [process.execPath, beside] : ['ldirectord']
}

const PARAMETERS = [
  { name: 'configfile', isRequired: false, meaning: 'the configuration, such as ldirectord.cf in /etc/ha.d' },
]

/** Whether there is such a file; what it says is judged by the command at start, and by ha-lint. */
function check(config: string | undefined, context: AgentContext): AgentOutcome {
  if (config === undefined) return succeeded
  const { haDir } = context.paths
  const places = [join(haDir, config), join(haDir, 'conf', config), resolve(config)]
  if (places.some(place => existsSync(place))) return succeeded
  return failedWith(OCF_EXIT.configured, `ldirectord finds no configuration ${config}, here or in ${haDir}`)
}

export const ldirectord: Agent = {
  name: 'ldirectord',
  usage:
    '[CONFIG] (start|stop|restart|try-restart|reload|force-reload|status|monitor|validate-all|meta-data|usage)',
  summary: 'ldirectord with one configuration file',
  async run(args, action, context) {
    if (action === 'meta-data')
      return { exitCode: EXIT.success, output: metaData(ldirectord.name, ldirectord.summary, PARAMETERS) }
    if (action === 'usage') return { ...usageOutcome(ldirectord), exitCode: EXIT.success }
    if (args.length > 1) return usageOutcome(ldirectord)
    if (action === 'validate-all') return check(args[0], context)
    const wanted = action === 'monitor' ? 'status' : action
    if (!ACTIONS.includes(wanted)) return usageOutcome(ldirectord, action)
    const { haDir, varLib, varRun, varLog } = context.paths
    const env = { ...context.env, HA_DIR: haDir, HA_VARLIB: varLib, HA_VARRUN: varRun, HA_VARLOG: varLog }
    const answered = await askWarm(args[0], wanted, env)
    if (answered !== null) return answered
    const [file, ...before] = ldirectordCommand()
    const result = await runCommand(file, [...before, ...args, wanted], {
      timeoutMs: TIMEOUT_MS,
      signal: context.signal,
      env,
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
