/**
 * Carries out one call: a built-in agent inside this process, a script as a child. Every call has a deadline and
 * every end of it is a value.
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import type { AgentContext } from '../../agents/agent.js'
import { cancelAnnouncements } from '../../agents/announcements.js'
import { builtinAgents } from '../../agents/table.js'
import { type CommandOptions, runCommand } from '../../base/io/run-command.js'
import type { Paths } from '../../base/paths.js'
import { type Action, type CallOutcome, saysRunning } from './plan/group.js'
import { type FileKind, LAUNCHER_MARK, type Located, locate } from './plan/locate.js'
import type { Resource } from './plan/resource.js'

/** The original waits for ever. A start or stop that takes longer has hung. */
export const CALL_TIMEOUT_MS: Readonly<Record<Action, number>> = {
  status: 60_000,
  start: 600_000,
  stop: 600_000,
  monitor: 20_000,
}

export interface CallWorld {
  readonly paths: Paths
  readonly env: Readonly<Record<string, string>>
  readonly log: AgentContext['log']
  readonly announcements: AgentContext['announcements'] & {}
  /** Aborted when the runner must end now. */
  readonly ending: AbortSignal
  readonly timeoutMs: Readonly<Record<Action, number>>
  readonly whileRunning?: CommandOptions['whileRunning']
}

function look(path: string): FileKind {
  try {
    if (!statSync(path).isFile()) return 'none'
    accessSync(path, constants.X_OK)
    const fd = openSync(path, 'r')
    try {
      const head = Buffer.alloc(256)
      const length = readSync(fd, head, 0, head.length, 0)
      return head.toString('latin1', 0, length).includes(LAUNCHER_MARK) ? 'launcher' : 'script'
    } finally {
      closeSync(fd)
    }
  } catch {
    return 'none' // missing, not executable or not readable: the original goes on to the next folder
  }
}

export function locateResource(resource: Resource, world: CallWorld): Located {
  const folders = {
    resourceDir: `${world.paths.haDir}/resource.d`,
    initDir: world.env.HA_INITDIR ?? '/etc/init.d',
  }
  return locate(resource.script, folders, name => builtinAgents.has(name), look)
}

/** Resolves with undefined when the signal aborts first. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

export async function callResource(
  resource: Resource,
  action: Action,
  world: CallWorld,
): Promise<CallOutcome> {
  const located = locateResource(resource, world)
  if (located.kind === 'none') return { path: null, exitCode: null, output: '', problem: 'no such script' }
  // Ours go on beside a script of the administrator, too: said after the stop they would mislead the neighbours.
  const address =
    action === 'stop' ? builtinAgents.get(resource.script)?.serviceAddress?.(resource.args) : null
  if (address != null) cancelAnnouncements(address)
  const timeoutMs = world.timeoutMs[action]
  const late = (): string =>
    world.ending.aborted ? 'ended, because heartbeat ends' : `not finished after ${timeoutMs / 1000} s, ended`
  if (located.kind === 'agent') {
    const signal = AbortSignal.any([world.ending, AbortSignal.timeout(timeoutMs)])
    const { paths, env, log, announcements, whileRunning } = world
    const context: AgentContext = { paths, env, log, announcements, signal, whileRunning }
    const agent = builtinAgents.get(located.name)!
    const outcome = await untilAborted(agent.run(resource.args, action, context), signal)
    if (outcome) return { path: located.path, ...outcome }
    return { path: located.path, exitCode: null, output: '', problem: late() }
  }
  // Scripts of resource.d and init.d know no monitor: for them status is asked, and its words decide.
  const isMonitor = action === 'monitor'
  const result = await runCommand(located.path, [...resource.args, isMonitor ? 'status' : action], {
    timeoutMs,
    env: world.env,
    cwd: '/',
    signal: world.ending,
    whileRunning: world.whileRunning,
  })
  const output = result.stdout + result.stderr
  if (result.exitCode !== null && !result.timedOut) {
    const exitCode = isMonitor ? (saysRunning(result.stdout) ? 0 : result.exitCode || 7) : result.exitCode
    return { path: located.path, exitCode, output }
  }
  const problem = result.timedOut
    ? late()
    : result.spawnError !== null
      ? `cannot be run: ${result.spawnError}`
      : `ended by ${result.signal}`
  return { path: located.path, exitCode: null, output, problem }
}
