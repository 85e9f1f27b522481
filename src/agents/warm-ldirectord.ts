/**
 * A warm standby of ldirectord, asked from this process: start makes it take the table, stop makes it leave it, status
 * is what its files say. It answers a start when the table is complete, which a command of its own would delay by the
 * start of a program. What it does not answer, and everything without a standby, is left to the command.
 */
import { lookForStandby } from '../ldirectord/io/duty.js'
import { findInstance, lookForDaemon } from '../ldirectord/io/instance.js'
import { tellStandby } from '../ldirectord/io/tell-standby.js'
import { type AgentOutcome, EXIT } from './agent.js'

/** As the command ends for a stopped one. */
const STOPPED = 3
const done: AgentOutcome = { exitCode: EXIT.success, output: '' }

/** null: the command is to be run. */
export async function askWarm(
  config: string | undefined,
  action: string,
  env: Readonly<Record<string, string>>,
): Promise<AgentOutcome | null> {
  if (action !== 'start' && action !== 'stop' && action !== 'status') return null
  const instance = findInstance(config ?? null, env)
  const standby = lookForStandby(instance)
  if (standby === null || instance.file === null) return null
  const daemon = lookForDaemon(instance.pidFile)
  const hasTable = daemon.state === 'running' && daemon.pid === standby.pid
  // An ordinary ldirectord beside the standby, or one that ended without a word: the command knows what to do.
  if (!hasTable && daemon.state !== 'stopped') return null
  if (action === 'status') {
    if (!hasTable) return { exitCode: STOPPED, output: `ldirectord is stopped for ${instance.file}\n` }
    return { ...done, output: `ldirectord for ${instance.file} is running with pid: ${standby.pid}\n` }
  }
  if (hasTable === (action === 'start')) return done
  const answer = await tellStandby(instance, action === 'start' ? 'takeover' : 'release')
  if (answer === 'done') return done
  // A release that is refused is an end by signal then.
  if (answer === 'silent' || action === 'stop') return null
  return { exitCode: EXIT.generic, output: `ERROR:  ldirectord: ${answer.refused}\n` }
}
