/** `heartbeat status`: prints the daemon's state record, or with --watch each decision as it is made. */
import { pathsFrom } from '../../base/paths.js'
import {
  type DecisionRecord,
  decisionLine,
  type StateRecord,
  stateText,
} from '../../heartbeat/api/state-print.js'
import { askControl } from '../../heartbeat/io/control-client.js'
import { whoRuns } from '../../heartbeat/io/pid-file.js'
import type { Output } from './cl-status.js'

const STATUS_HELP = `Usage: heartbeat status [--json] [--watch]
  nodes, links, who holds which group, what failed, and the last decisions with their reasons.
  --json   the same as one JSON object        --watch   one line for each decision: those of before, then new ones

Exit code 0; 1 stale pid file, 3 stopped, 4 no right to ask (only root and the daemon's own user may), 5 no answer.
`
const [STALE, STOPPED, NO_RIGHTS, NO_ANSWER] = [1, 3, 4, 5]

/** Resolves with the exit code; --watch ends with the daemon. */
export async function heartbeatStatus(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { out, error }: Output,
): Promise<number> {
  const unknown = argv.find(word => !['--json', '--watch'].includes(word))
  if (unknown !== undefined) {
    const isHelp = ['--help', '-h'].includes(unknown)
    if (isHelp) out(STATUS_HELP)
    else error(`heartbeat status wants --json or --watch; found "${unknown}"\n${STATUS_HELP}`)
    return isHelp ? 0 : 2
  }
  const isJson = argv.includes('--json')
  const isWatching = argv.includes('--watch')
  const { varRun } = pathsFrom(env)
  let lines = 0
  const sayDecision = (decision: DecisionRecord): void =>
    out(`${isJson ? JSON.stringify(decision) : decisionLine(decision)}\n`)
  const failure = await askControl(varRun, isWatching ? 'watch' : 'status', line => {
    const record: unknown = JSON.parse(line)
    if (lines++ > 0) sayDecision(record as DecisionRecord)
    else if (isWatching) for (const decision of (record as StateRecord).decisions) sayDecision(decision)
    else out(isJson ? `${line}\n` : stateText(record as StateRecord))
  })
  return lines > 0 ? 0 : explain(failure, varRun, error)
}

function explain(failure: NodeJS.ErrnoException | null, varRun: string, error: Output['error']): number {
  if (failure?.code === 'EACCES' || failure?.code === 'EPERM') {
    error('heartbeat status: only root and the user that heartbeat runs as may ask\n')
    return NO_RIGHTS
  }
  const running = whoRuns(varRun)
  if (running.state !== 'running') {
    error('heartbeat is stopped. No process\n')
    return running.state === 'stale' ? STALE : STOPPED
  }
  const why =
    failure === null ? 'closed the connection;' : 'has no control socket: is it another heartbeat? Then'
  error(`heartbeat status: process ${running.pid} runs, but ${why} cl_status works with any heartbeat\n`)
  return NO_ANSWER
}
