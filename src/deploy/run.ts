/**
 * A command of ha-deploy from its arguments to its exit status: connects configuration, hosts, journal and the
 * rollout machine. Nothing is decided here that the pure parts could decide.
 */
import { randomBytes } from 'node:crypto'
import { pathsFrom } from '../base/paths.js'
import type { Answer, RunIo } from './io/command.js'
import { COMMANDS } from './io/commands.js'
import { loadConfig } from './io/load-config.js'
import type { Terminal } from './io/report.js'
import { openSession } from './io/session.js'
import type { Call } from './plan/arguments.js'

export async function run(call: Call, io: RunIo): Promise<number> {
  const paths = pathsFrom(io.env)
  const file = call.file ?? `${paths.haDir}/deploy.cf`
  const { config, said } = loadConfig(file)
  for (const text of said) io.err(`${text}\n`)
  if (config === null) return 2
  const unknown = call.hosts.find(name => config.hosts.every(host => host.name !== name))
  if (unknown !== undefined) {
    io.err(
      `ha-deploy: there is no host ${unknown} in ${file}; there are: ${config.hosts.map(host => host.name).join(' ')}\n`,
    )
    return 2
  }
  const terminal: Terminal = {
    out: io.out,
    isTerminal: io.isTerminal && !call.json,
    json: call.json,
    verbose: call.verbose,
  }
  const session = openSession(config, paths, sentence => io.err(`ha-deploy: ${sentence}\n`))
  try {
    const startedAt = new Date().toISOString()
    const runId = `${startedAt.replace(/\D/g, '').slice(0, 14)}-${randomBytes(3).toString('hex')}`
    const answer: Answer = await COMMANDS[call.command]({ call, session, terminal, runId, startedAt, io })
    if (answer.error !== null) io.err(`ha-deploy: ${answer.error}\n`)
    return answer.exit
  } finally {
    await session.close()
  }
}
