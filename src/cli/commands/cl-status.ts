/**
 * cl_status: asks the heartbeat daemon of this machine, ours or the original, about the cluster. Outputs and exit
 * codes are those of heartbeat 3.0.6.
 */
import { hostname } from 'node:os'
import { pathsFrom } from '../../base/paths.js'
import { signOn } from '../../heartbeat/io/api-client.js'
import { haLogLine } from '../../log/formats.js'
import { BAD_PARAMETER, FAILED, OK, SUB_COMMANDS } from './cl-status-questions.js'
import { parseOptions } from './getopt.js'

export interface Output {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
}

function usage(): string {
  const rows = SUB_COMMANDS.map(command => `${command.usage}\n\t${command.help}\n`)
  return `Usage: cl_status SUB-COMMAND [OPTIONS] [PARAMETERS]\n\n-m words the answer for people. Sub-commands:\n${rows.join('')}`
}

const stopped = 'Heartbeat is stopped on this machine.'
const refused = 'Heartbeat is apparently running on this machine, but refuses my connection'

/** Resolves with the exit code. */
export async function clStatus(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  output: Output,
): Promise<number> {
  const say = (line: string): void => output.out(`${line}\n`)
  const complain = (...texts: string[]): void => {
    for (const line of texts) {
      const record = { atMs: Date.now(), level: 'ERROR' as const, text: line }
      // The original prints an empty reason with its trailing blank.
      output.error(haLogLine(record, hostname(), process.pid, 'cl_status'))
    }
  }
  const [name, ...rest] = argv
  if (name === undefined || name === '-h' || name === '--help') {
    output.out(usage())
    return OK
  }
  const command = SUB_COMMANDS.find(candidate => candidate.name === name)
  if (!command) {
    complain(`${name}: invalid sub-command.`)
    return BAD_PARAMETER
  }
  const isStatus = name === 'hbstatus'
  const parsed = parseOptions(rest, command.options)
  const signed = await signOn(`${pathsFrom(env).varRun}/heartbeat/register`)
  if (isStatus) for (const fault of parsed.faults) output.error(`hbstatus: ${fault}\n`)
  if (!('client' in signed)) {
    if (isStatus) {
      const isAlive = signed.answer?.text('deadtime') !== undefined
      say(isAlive ? refused : stopped)
      return isAlive ? OK : FAILED
    }
    complain('Cannot signon with heartbeat', `REASON: hb_api_signon: ${signed.because}`)
    return FAILED
  }
  const { client, answer: daemon } = signed
  try {
    if (!isStatus && parsed.faults.length > 0) {
      output.error(`${name}: ${parsed.faults[0]}\n`)
      complain(`Error: getopt returnedcharacter ${name === 'hbparameter' ? 'code ' : ''}?.`)
      return BAD_PARAMETER
    }
    return await command.run({ client, daemon, ...parsed, say, complain })
  } finally {
    client.close()
  }
}
