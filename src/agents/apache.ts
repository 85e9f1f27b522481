/**
 * The agent apache: an Apache httpd with one configuration file. Whether it runs is told by its pid file and the
 * process behind it; monitor also wants an answer over HTTP, where the configuration says on which port.
 */
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { readSmallFile } from '../base/io/files.js'
import { type CommandResult, runCommand } from '../base/io/run-command.js'
import type { AgentContext, AgentOutcome } from './agent.js'
import {
  type ApacheFacts,
  DEFAULT_CONFIGS,
  PROGRAMS,
  parseApacheArguments,
  planApacheDump,
  planApacheStart,
  readApacheConfig,
  readDumpedPidFile,
} from './apache-plan.js'
import { apachePid } from './apache-process.js'
import { commandFault, failedWith, isStopped, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'

const START_TIMEOUT_MS = 60_000
const STOP_STEP_MS = 10_000
const LOOK_EVERY_MS = 100
const ANSWER_TIMEOUT_MS = 5_000
const CONFIG_BYTES_MAX = 1_048_576

interface Server {
  readonly config: string
  readonly facts: ApacheFacts
}

/** The first of the programs that is installed, with its result. */
async function runServer(args: readonly string[], context: AgentContext): Promise<CommandResult> {
  for (const program of PROGRAMS) {
    const options = { timeoutMs: START_TIMEOUT_MS, env: context.env, signal: context.signal }
    const result = await runCommand(program, args, options)
    if (result.spawnError !== 'ENOENT' || program === PROGRAMS.at(-1)) return result
  }
  throw new Error('PROGRAMS is empty')
}

function readServer(asked: string | null): Server | { readonly problem: string } {
  const config = asked ?? DEFAULT_CONFIGS.find(existsSync)
  if (config === undefined) return { problem: 'apache has no configuration file: name one' }
  try {
    const text = readSmallFile(config, CONFIG_BYTES_MAX).toString('utf8')
    return { config, facts: readApacheConfig(text) }
  } catch (error) {
    return { problem: `apache cannot read ${config}: ${(error as Error).message}` }
  }
}

/** null: neither the configuration nor the server tells. */
async function pidFileOf(server: Server, context: AgentContext): Promise<string | null> {
  if (server.facts.pidFile !== null) return server.facts.pidFile
  return readDumpedPidFile((await runServer(planApacheDump(server.config), context)).stdout)
}

async function until(isDone: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs && !signal.aborted; waitedMs += LOOK_EVERY_MS) {
    if (isDone()) return true
    await sleep(LOOK_EVERY_MS)
  }
  return isDone()
}

async function start(
  server: Server,
  pidNow: () => number | null,
  context: AgentContext,
): Promise<AgentOutcome> {
  const before = pidNow()
  if (before !== null) {
    context.log('INFO', 'apache', `apache already running (pid ${before})`)
    return succeeded
  }
  const result = await runServer(planApacheStart(server.config), context)
  if (result.spawnError === 'ENOENT') {
    return failedWith(OCF_EXIT.installed, 'apache httpd program not found: install apache2 or httpd')
  }
  const fault = commandFault(result)
  if (fault !== null) return failedWith(OCF_EXIT.generic, `apache with ${server.config}: ${fault}`)
  if (await until(() => pidNow() !== null, START_TIMEOUT_MS, context.signal)) return succeeded
  const sentence = `apache with ${server.config} left no running process: see its error log`
  return failedWith(OCF_EXIT.generic, sentence)
}

async function stop(pidNow: () => number | null, context: AgentContext): Promise<AgentOutcome> {
  const pid = pidNow()
  if (pid === null) {
    context.log('INFO', 'apache', 'apache is not running.')
    return succeeded
  }
  // SIGWINCH lets requests that are under way finish (graceful-stop of httpd(8)), SIGTERM does not.
  for (const [signal, words] of [
    ['SIGWINCH', `Attempting graceful stop of apache PID ${pid}`],
    ['SIGTERM', `Killing apache PID ${pid}`],
  ] as const) {
    context.log('INFO', 'apache', words)
    try {
      process.kill(pid, signal)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ESRCH') return failedWith(OCF_EXIT.generic, `apache: process ${pid}: ${message}`)
    }
    if (await until(() => pidNow() !== pid, STOP_STEP_MS, context.signal)) {
      context.log('INFO', 'apache', 'apache stopped.')
      return succeeded
    }
  }
  return failedWith(OCF_EXIT.generic, `apache does not end: end process ${pid} by hand`)
}

/** Any answer over HTTP is one: an error page or a redirect is the site's business. */
function answers(facts: ApacheFacts): Promise<boolean> {
  const { listen } = facts
  if (listen === null) return Promise.resolve(true)
  return new Promise(resolve => {
    const asking = request({ ...listen, path: '/', timeout: ANSWER_TIMEOUT_MS, agent: false })
    asking.on('response', response => {
      resolve(true)
      response.destroy()
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(false))
    asking.on('close', () => resolve(false))
    asking.end()
  })
}

export const apache = standardAgent({
  name: 'apache',
  usage: '[config-file-pathname]',
  summary: 'an Apache web server with one configuration file',
  argumentsMax: 1,
  parameters: [
    {
      name: 'configfile',
      isRequired: false,
      meaning: 'the configuration; else that of the distribution, such as /etc/apache2/apache2.conf',
    },
  ],
  check(args) {
    const asked = parseApacheArguments(args)
    if (typeof asked === 'object' && asked !== null) return failedWith(OCF_EXIT.arguments, asked.problem)
    const server = readServer(asked)
    return 'problem' in server ? failedWith(OCF_EXIT.installed, server.problem) : null
  },
  async act(args, action, context) {
    const asked = parseApacheArguments(args)
    if (typeof asked === 'object' && asked !== null)
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, asked.problem)
    const server = readServer(asked)
    if ('problem' in server) {
      // As in the original: where nothing can be started from, nothing runs.
      if (action === 'stop') return succeeded
      return action === 'start' ? failedWith(OCF_EXIT.installed, server.problem) : isStopped
    }
    const pidFile = await pidFileOf(server, context)
    const pidNow = (): number | null => apachePid(server.config, pidFile)
    if (action === 'start') return start(server, pidNow, context)
    if (action === 'stop') return stop(pidNow, context)
    const isThere = pidNow() !== null
    if (action === 'status' || !isThere) return runningIf(isThere)
    if (await answers(server.facts)) return runningIf(true)
    return failedWith(
      OCF_EXIT.generic,
      `apache with ${server.config} does not answer over HTTP: see its error log`,
    )
  },
})
