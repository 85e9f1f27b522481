/** The outcomes that all agents share: exit codes of OCF, the words that decide, and what a failed command says. */
import type { CommandResult } from '../base/io/run-command.js'
import { type AgentOutcome, EXIT, SAYS } from './agent.js'

/** The exit codes of OCF that agents use, by what they mean. */
export const OCF_EXIT = { ...EXIT, arguments: 2, installed: 5 } as const

export const succeeded: AgentOutcome = { exitCode: OCF_EXIT.success, output: SAYS.success }
export const isRunning: AgentOutcome = { exitCode: OCF_EXIT.success, output: SAYS.running }
export const isStopped: AgentOutcome = { exitCode: OCF_EXIT.notRunning, output: SAYS.stopped }

export const runningIf = (yes: boolean): AgentOutcome => (yes ? isRunning : isStopped)

/** Prints the sentence; it names the thing and says what to do. */
export function failedWith(exitCode: number, because: string): AgentOutcome {
  return { exitCode, output: `ERROR:  ${because}\n` }
}

/** Why a command did not do its work, in a few words; null when it did. */
export function commandFault(result: CommandResult): string | null {
  if (result.spawnError === 'ENOENT') return 'the command is not installed'
  if (result.spawnError !== null) return `cannot be run: ${result.spawnError}`
  if (result.timedOut) return 'not finished in time, ended'
  if (result.exitCode === 0) return null
  const [first = '', second = ''] = (result.stderr.trim() || result.stdout.trim()).split('\n')
  // A first line that ends in a colon only announces what the second says.
  const said = (first.trim().endsWith(':') ? `${first.trim()} ${second.trim()}` : first.trim()).replace(
    /\.$/,
    '',
  )
  return said === '' ? `ended with ${result.exitCode ?? result.signal} and no reason` : said
}
