/**
 * The actions of `ldirectord` that have a counterpart in the original: start, stop, restart, reload, status. They talk
 * to a running daemon by its pid file and signals; a warm standby, which stays when it gives the table away, is talked
 * to over its control socket. What not every action needs is loaded by the actions that do.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lookForStandby, type Standby } from '../../ldirectord/io/duty.js'
import { type Instance, lookForDaemon, type Running, twinAdvice } from '../../ldirectord/io/instance.js'
import { executeNames, logInvocation } from '../../ldirectord/io/invocation-log.js'
import type { StartReport } from '../../ldirectord/io/start-daemon.js'
import { tellStandby } from '../../ldirectord/io/tell-standby.js'
import * as lines from '../../ldirectord/log-lines.js'
import { restart as endAndStart } from './ldirectord-restart.js'

/** `warm` is ours; the others are the original's. */
export const ACTIONS = [
  'start',
  'stop',
  'restart',
  'try-restart',
  'reload',
  'force-reload',
  'status',
  'warm',
] as const
export type Action = (typeof ACTIONS)[number]

const STANDBY_STARTS_MS_MAX = 5_000
const EXECUTE_MS_MAX = 20_000

export interface Call {
  readonly action: Action
  /** null: none given, and the instance is called ldirectord. */
  readonly config: string | null
  readonly debug: boolean
  /** Start does not leave the terminal: for systemd. */
  readonly foreground: boolean
  readonly json: boolean
  readonly watch: boolean
  readonly args: readonly string[]
  readonly instance: Instance
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)
const here = dirname(fileURLToPath(import.meta.url))
const load = createRequire(import.meta.url)

export function perform(call: Call): Promise<number> {
  switch (call.action) {
    case 'start':
      return start(call)
    case 'stop':
      return stop(call)
    case 'restart':
      return restart(call)
    case 'try-restart':
      return lookForDaemon(call.instance.pidFile).state === 'running' ? restart(call) : tryNothing(call)
    case 'status':
      return status(call)
    case 'warm':
      return foreground(call, 'warm')
    case 'reload':
    case 'force-reload':
      return reload(call)
  }
}

const invoked = ({ args }: Call): string => lines.invoking(process.argv[1] ?? 'ldirectord', args)

async function logged(call: Call, texts: readonly string[]): Promise<void> {
  await logInvocation(call.instance, Date.now(), [invoked(call), ...texts])
}

/** Exit status of a file that is missing (1) or faulty (2), with its messages; null when it is valid. */
async function refusal(call: Call): Promise<number | null> {
  const { file, given } = call.instance
  if (file === null) {
    complain(`Config file ${given} not found`)
    await logged(call, [`Config file ${given} not found`, lines.exiting(1, 'Initialisation Error')])
    return 1
  }
  const module: typeof import('../daemons/ldirectord-config.js') = load('./ldirectord-config.cjs')
  const { isValid, said, explained } = await module.checkConfig(file, call.instance.defaultLog)
  for (const line of [...said, ...explained]) complain(line)
  if (isValid) return null
  await logged(call, [...said, lines.exiting(2, 'config_error: Configuration Error')])
  return 2
}

async function start(call: Call): Promise<number> {
  if (call.debug) return foreground(call, 'debug')
  const { instance } = call
  const standby = lookForStandby(instance)
  if (standby !== null && lookForDaemon(instance.pidFile).state !== 'running') {
    const taken = await takeOver(call, standby)
    if (taken !== null) return taken
  }
  if (call.foreground) return foreground(call, 'service')
  const report = await startInBackground(call)
  switch (report.kind) {
    case 'running':
      return 0
    case 'standby':
      return start(call)
    case 'foreground':
      return foreground(call, 'foreground')
    case 'ended':
      for (const line of report.stderr) complain(line)
      if (report.status !== 0 && instance.file === null)
        await logged(call, [...report.stderr, lines.exiting(report.status, 'Initialisation Error')])
      return report.status
  }
}

/** null: the standby does not answer any more, and an ordinary start is in order. */
async function takeOver(call: Call, standby: Standby): Promise<number | null> {
  await logged(call, [])
  const untilMs = Date.now() + STANDBY_STARTS_MS_MAX
  // One that has just been started has no socket yet.
  for (let isAlive = true; isAlive; isAlive = lookForStandby(call.instance)?.pid === standby.pid) {
    const answer = await tellStandby(call.instance, 'takeover')
    if (answer === 'done') return 0
    if (answer !== 'silent') {
      complain(`ldirectord: ${answer.refused}`)
      return 1
    }
    if (Date.now() > untilMs) break
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  complain(`ldirectord: warm standby (pid ${standby.pid}) does not answer; started without it`)
  // One that hangs must not wake up beside the one that is started now; heartbeat starts another standby.
  if (lookForStandby(call.instance)?.pid === standby.pid) process.kill(standby.pid, 'SIGKILL')
  return null
}

function foreground(call: Call, mode: 'debug' | 'foreground' | 'service' | 'warm'): Promise<number> {
  const module: typeof import('../daemons/ldirectord-foreground.js') = load('./ldirectord-foreground.cjs')
  return module.runForeground({
    mode,
    config: call.config,
    program: process.argv[1] ?? 'ldirectord',
    args: call.args,
  })
}

/** Waits only until the daemon has accepted its file and written its pid file; the table follows by itself. */
async function startInBackground({ args }: Call): Promise<StartReport> {
  const { startDaemon } = await import('../../ldirectord/io/start-daemon.js')
  return startDaemon(join(here, 'ldirectord-daemon.cjs'), args.slice(0, 2), process.argv[1] ?? 'ldirectord')
}

async function stop(call: Call): Promise<number> {
  const daemon = lookForDaemon(call.instance.pidFile)
  if (daemon.state !== 'running' && call.instance.file === null) return (await refusal(call))!
  await logged(call, [])
  if (daemon.state === 'running') await end(call, daemon.pid)
  return 0
}

/** A warm standby leaves the table and stays; every other daemon ends. */
async function end({ instance }: Call, pid: number): Promise<void> {
  const isStandby = lookForStandby(instance)?.pid === pid
  if (isStandby && (await tellStandby(instance, 'release')) === 'done') return
  process.kill(pid, 'SIGTERM')
}

async function restart(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused !== null) return refused
  const { pidFile } = call.instance
  const daemon = lookForDaemon(pidFile)
  return endAndStart({
    pidFile,
    pid: daemon.state === 'running' ? daemon.pid : null,
    end: pid => end(call, pid),
    start: () => start(call),
    complain,
  })
}

async function tryNothing(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused === null) await logged(call, [])
  return refused ?? 0
}

async function reload(call: Call): Promise<number> {
  const refused = await refusal(call)
  if (refused !== null) return refused
  const { file, pidFile } = call.instance
  const daemon = lookForDaemon(pidFile)
  const standby = lookForStandby(call.instance)
  const pid = daemon.state === 'running' ? daemon.pid : standby?.pid
  if (pid === undefined) {
    // The original says it in the log alone, and leaves whoever asks with a status and no word.
    const advice = twinAdvice(call.instance, process.env, call.action)
    complain(
      `ldirectord is stopped for ${file}: there is nothing to reload${advice === null ? '' : `; ${advice}`}`,
    )
    await logged(call, [
      `ldirectord is stopped for ${file}`,
      lines.exiting(1, `Exiting from ldirectord ${call.action}`),
    ])
    return 1
  }
  await logged(call, [])
  process.kill(pid, 'SIGHUP')
  return 0
}

async function status(call: Call): Promise<number> {
  const { pidFile } = call.instance
  const daemon = lookForDaemon(pidFile)
  const standby = lookForStandby(call.instance)
  const isAnswering = daemon.state === 'running' || standby !== null
  if (isAnswering && (call.watch || call.json)) return state(call, daemon)
  return daemon.state === 'running' ? statusRunning(call, daemon.pid) : statusStopped(call, daemon, standby)
}

/** The whole state, of a warm standby too: it knows everything but the table. */
async function state(call: Call, daemon: Running): Promise<number> {
  const { instance } = call
  if (call.watch) {
    const module: typeof import('../daemons/ldirectord-ask.js') = load('./ldirectord-ask.cjs')
    return module.ask({ action: 'watch', instance, json: call.json, rest: [] })
  }
  const { askControl } = await import('../../ldirectord/io/control-socket.js')
  const record = await askControl(instance.socket, 'status')
  if (record === null) {
    complain(`ldirectord does not answer on ${instance.socket}`)
    return 1
  }
  process.stdout.write(record)
  return daemon.state === 'running' ? 0 : 3
}

async function statusRunning(call: Call, pid: number): Promise<number> {
  const { file, given } = call.instance
  const failed = await statusOfExecuted(call)
  const text = `ldirectord for ${file ?? given} is running with pid: ${pid}`
  // The original writes to the standard error alone; heartbeat reads the standard output.
  complain(text)
  say(text)
  await logged(call, [...failed, text, 'Exiting from ldirectord status'])
  return 0
}

/** The instances of execute= speak for themselves; as with the original the status is ours alone. For the log: who does not run. */
async function statusOfExecuted({ instance }: Call): Promise<string[]> {
  // One that names itself would ask for ever.
  const names = executeNames(instance).filter(name => name !== instance.given && name !== instance.name)
  if (names.length === 0) return []
  const { spawnSync } = await import('node:child_process')
  const program = process.argv[1]!
  return names.flatMap(name => {
    const words = [program, name, 'status']
    const { status } = spawnSync(process.execPath, words, { stdio: 'inherit', timeout: EXECUTE_MS_MAX })
    return status === 0 ? [] : [lines.commandFailed(words.join(' '), '')]
  })
}

async function statusStopped(call: Call, daemon: Running, standby: Standby | null): Promise<number> {
  const { file, pidFile } = call.instance
  // A standby has a file that it can use, or says itself what is wrong with it; and a takeover waits for this answer.
  const refused = standby !== null && file !== null ? null : await refusal(call)
  if (refused !== null) return refused
  say(`ldirectord is stopped for ${file}`)
  const advice = twinAdvice(call.instance, process.env, 'status')
  if (advice !== null) complain(`ldirectord: ${advice}`)
  if (standby !== null) complain(`ldirectord is warm standby for ${file} with pid: ${standby.pid}`)
  const code = daemon.state === 'stale' ? 1 : 3
  const stale = `ldirectord stale pid file ${pidFile} for ${file}`
  if (daemon.state === 'stale') complain(stale)
  await logged(call, [
    ...(daemon.state === 'stale' ? [stale] : []),
    lines.exiting(code, 'Exiting from ldirectord status'),
  ])
  return code
}
