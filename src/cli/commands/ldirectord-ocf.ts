/**
 * The agent ocf:heartbeat:ldirectord: drives the ldirectord command as Debian's agent does, with its exit codes. A stop
 * waits for the end, and where the command refuses to stop (the original's does with a faulty file) the daemon is ended
 * by the pid in its pid file, never by a pattern over all processes.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type CommandResult, runCommand } from '../../base/io/run-command.js'
import { monitorCode, OCF, OCF_PARAMETERS, OCF_USAGE, ocfMetaData } from '../../ldirectord/core/ocf.js'
import { lookForStandby } from '../../ldirectord/io/duty.js'
import { findInstance, type Instance, lookForDaemon } from '../../ldirectord/io/instance.js'

const COMMAND_MS_MAX = 60_000
/** Within the 15 s that a cluster manager waits: a daemon that has not ended then is killed. */
const STOP_MS_MAX = 10_000
const KILL_MS_MAX = 2_000
const POLL_MS = 50

interface Agent {
  readonly configfile: string
  /** The program and its first words. */
  readonly program: readonly string[]
  readonly instance: Instance
  readonly env: Readonly<Record<string, string>>
}

const say = (level: 'INFO' | 'WARNING' | 'ERROR', text: string): void =>
  void process.stderr.write(`${level}: ${text}\n`)

/** Resolves with the exit code. */
export async function ldirectordOcf(action: string | undefined, env: NodeJS.ProcessEnv): Promise<number> {
  if (action === 'meta-data' || action === 'usage' || action === 'help') {
    process.stdout.write(action === 'meta-data' ? ocfMetaData() : OCF_USAGE)
    return OCF.success
  }
  const agent = agentFrom(env)
  const missing = whatIsMissing(agent)
  if (missing !== null && !(action === 'stop' && existsProgram(agent))) {
    say('WARNING', `${missing} not found, ldirectord not installed`)
    return OCF.installed
  }
  switch (action) {
    case 'start':
      return start(agent)
    case 'stop':
      return stop(agent)
    case 'monitor':
    case 'status':
      return monitor(agent)
    case 'validate-all':
      return validate(agent)
    default:
      process.stdout.write(OCF_USAGE)
      return OCF.unimplemented
  }
}

function agentFrom(env: NodeJS.ProcessEnv): Agent {
  const configfile = env.OCF_RESKEY_configfile || OCF_PARAMETERS[0].default
  const given = env.OCF_RESKEY_ldirectord
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'ldirectord.cjs')
  return {
    configfile,
    program: given ? [given] : [process.execPath, beside],
    instance: findInstance(configfile, env),
    env: Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  }
}

function whatIsMissing(agent: Agent): string | null {
  if (!existsSync(agent.configfile)) return agent.configfile
  return existsProgram(agent) ? null : agent.program[0]!
}

function existsProgram({ program }: Agent): boolean {
  try {
    accessSync(program[0]!, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function ldirectord({ program, configfile, env }: Agent, action: string): Promise<CommandResult> {
  const [file, ...before] = program
  return runCommand(file!, [...before, configfile, action], { timeoutMs: COMMAND_MS_MAX, env })
}

async function monitor(agent: Agent): Promise<number> {
  const { exitCode, stdout, stderr } = await ldirectord(agent, 'status')
  const output = stdout + stderr
  const code = monitorCode(exitCode, output)
  if (exitCode === 2) say('ERROR', `${agent.configfile} has configuration errors`)
  if (code === OCF.generic) process.stdout.write(output)
  return code
}

async function start(agent: Agent): Promise<number> {
  const before = await monitor(agent)
  if (before !== OCF.notRunning) return before
  say('INFO', 'Starting ldirectord')
  const { exitCode, stdout, stderr } = await ldirectord(agent, 'start')
  if (exitCode !== 0) {
    process.stdout.write(stdout + stderr)
    return OCF.generic
  }
  return monitor(agent)
}

async function stop(agent: Agent): Promise<number> {
  say('INFO', 'Stopping ldirectord')
  const { exitCode } = await ldirectord(agent, 'stop')
  if (exitCode === 0 && (await ends(agent, STOP_MS_MAX))) return OCF.success
  const daemon = lookForDaemon(agent.instance.pidFile)
  if (daemon.state !== 'running') return exitCode === 0 ? OCF.success : stoppedOrNot(agent)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    say('WARNING', `Killing ldirectord(${daemon.pid}) with ${signal}`)
    process.kill(daemon.pid, signal)
    if (await ends(agent, signal === 'SIGTERM' && exitCode !== 0 ? STOP_MS_MAX : KILL_MS_MAX))
      return OCF.success
  }
  return OCF.generic
}

/** The command failed, and no pid file tells of a daemon: with a faulty or missing file there is nothing to stop. */
async function stoppedOrNot(agent: Agent): Promise<number> {
  const { exitCode } = await ldirectord(agent, 'status')
  return exitCode === 0 ? OCF.generic : OCF.success
}

/** Whether the daemon has let go of the table, or of its life, in time. */
async function ends({ instance }: Agent, limitMs: number): Promise<boolean> {
  const untilMs = Date.now() + limitMs
  while (lookForDaemon(instance.pidFile).state === 'running') {
    if (Date.now() > untilMs) return false
    await pause(POLL_MS)
  }
  return true
}

/** Debian's agent is content when both files exist; a file that cannot be used is told before it is needed. */
async function validate({ instance }: Agent): Promise<number> {
  const load = createRequire(import.meta.url)
  const module: typeof import('../daemons/ldirectord-config.js') = load('./ldirectord-config.cjs')
  const { isValid, said, explained } = await module.checkConfig(instance.file!, instance.defaultLog)
  for (const line of [...said, ...explained]) say(isValid ? 'WARNING' : 'ERROR', line)
  if (lookForStandby(instance) !== null) say('INFO', 'a warm standby runs and will take the table over')
  return isValid ? OCF.success : OCF.configured
}
