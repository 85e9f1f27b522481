/**
 * The ldirectord process: finds and loads its file, chooses the forwarder, says how its start went, and then lives
 * until a signal. In the background, as a service and warm it writes a pid file (warm: while it has the table) and its
 * log; with supervised=yes or -d it does neither and talks to its own streams.
 */
import { fileURLToPath } from 'node:url'
import type { Log } from '../log/record.js'
import { negotiableServices, runCheck } from './checks/run-check.js'
import { desiredTable } from './core/desired.js'
import type { Role } from './core/status.js'
import { Daemon, type GoodConfig } from './daemon.js'
import { chooseForwarder, wantedForwarder } from './forwarders/choose.js'
import { nftRefusal, routes } from './forwarders/nft/nft.js'
import { openProxy } from './forwarders/proxy.js'
import { announcePid, announceStandby, lookForStandby, withdraw } from './io/duty.js'
import { findInstance, type Instance, lookForDaemon, runningTwin } from './io/instance.js'
import { loadConfig } from './io/load-config.js'
import { LogOutput, type LogPlace } from './io/log-output.js'
import { ServiceManager } from './io/service-manager.js'
import { type Prepared, prepareStandby } from './io/standby.js'
import type { StartReport } from './io/start-daemon.js'
import { sizeYoungGeneration } from './io/young-generation.js'
import * as lines from './log-lines.js'

export type Mode = 'background' | 'foreground' | 'debug' | 'service' | 'warm'

export interface RunOptions {
  /** `debug` is -d, `service` is --foreground, `foreground` supervised=yes. */
  readonly mode: Mode
  /** null: none was given. */
  readonly config: string | null
  /** For the log line that says how it was called. */
  readonly program: string
  readonly args: readonly string[]
  readonly report: (report: StartReport) => void
}

/**
 * The original also ends in order on ILL, FPE, SEGV and BUS. A program that catches those cannot end by its own fault
 * any more (Node, process: signal events), so here they end it at once.
 */
const STOP_SIGNALS: readonly NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSYS', 'SIGXCPU', 'SIGXFSZ'] as const),
]
const OWN_EXIT_MS_MAX = 20_000
const LOG_PLACES: Readonly<Record<Mode, LogPlace>> = {
  background: 'configured',
  service: 'configured',
  warm: 'configured',
  foreground: 'stdout',
  debug: 'stderr',
}

/** Resolves with the exit status when the process may end. */
export async function runLdirectord(options: RunOptions): Promise<number> {
  const { mode } = options
  sizeYoungGeneration()
  const stopped = new Promise<NodeJS.Signals>(resolve => {
    for (const signal of STOP_SIGNALS) process.on(signal, resolve)
  })
  const prepared = mode === 'warm' ? await prepareStandby(options.config, stopped) : await prepare(options)
  if (prepared.kind === 'ended') {
    options.report(prepared)
    return prepared.status
  }
  if (prepared.kind === 'foreground') {
    options.report(prepared)
    return 0
  }
  const { instance, loaded } = prepared
  const output = new LogOutput(LOG_PLACES[mode], instance, loaded.config)
  const { log } = output
  log('info', lines.invoking(options.program, options.args))
  const twin = runningTwin(instance, process.env)
  if (twin !== null)
    log(
      'WARN',
      `${instance.file} is already run by instance ${twin.name} (pid ${twin.pid}): stop one of the two`,
    )
  for (const warning of loaded.warnings) log('WARN', warning)
  const wanted = wantedForwarder(loaded.config.forwarder, process.env.LDIRECTORD_FORWARDER)
  const full = desiredTable(loaded.config, () => true)
  const choice = await chooseForwarder(wanted, {
    openProxy: () =>
      openProxy({
        instance: instance.name,
        varRun: instance.runDir,
        log,
        workers: loaded.config.proxyworkers,
      }),
    nftRefusal: nftRefusal(full),
    routes: routes(full),
  })
  if (choice.kind === 'none') {
    log('ERROR', choice.reason)
    await output.close()
    options.report({ kind: 'ended', status: 1, stderr: [choice.reason] })
    return 1
  }
  log('info', mode === 'background' ? lines.startingAsDaemon() : lines.startingWithPid(process.pid))
  log('info', lines.forwarderChosen(choice.forwarder.name, choice.because))
  return live(options, { ...prepared, forwarder: choice.forwarder, output, stopped })
}

/** What an ordinary start needs before it opens a log; the same for the background, a service and the foreground. */
async function prepare({ mode, config, program, args }: RunOptions): Promise<Prepared> {
  const instance = findInstance(config, process.env)
  const ended = (status: number, stderr: readonly string[]): Prepared => ({ kind: 'ended', status, stderr })
  if (instance.file === null) return ended(1, [`Config file ${instance.given} not found`])
  const loaded = await loadConfig(instance.file, instance)
  if (loaded.kind === 'refused') return ended(2, [...loaded.errors, ...loaded.explained])
  // In the foreground there is no pid file, so nothing tells whether another one runs.
  const hasPidFile = mode === 'background' || mode === 'service'
  if (hasPidFile && lookForDaemon(instance.pidFile).state === 'running') {
    const output = new LogOutput(LOG_PLACES[mode], instance, loaded.config)
    output.log('info', lines.invoking(program, args))
    await output.close()
    return ended(0, [])
  }
  if (mode === 'background' && loaded.config.supervised) return { kind: 'foreground' }
  return { kind: 'ready', instance, loaded, role: 'active' }
}

interface Life {
  readonly instance: Instance
  readonly loaded: GoodConfig
  readonly role: Role
  readonly forwarder: ConstructorParameters<typeof Daemon>[0]['forwarder']
  readonly output: LogOutput
  readonly stopped: Promise<NodeJS.Signals>
}

async function live({ mode, report }: RunOptions, life: Life): Promise<number> {
  const { instance, loaded, forwarder, output, stopped, role } = life
  const { log } = output
  const file = instance.file!
  const manager = new ServiceManager(process.env, log)
  const announce = (role: Role): string | null => announced(mode, instance, role)
  const daemon = new Daemon({
    instance,
    loaded,
    forwarder,
    runCheck,
    negotiable: negotiableServices,
    role,
    announce,
    command: besides('ldirectord.cjs'),
    mailCommand: besides('ldirectord-mail.cjs'),
    load: () => loadConfig(file, instance),
    log,
    isDebugging: mode === 'debug',
    useLog: config => output.use(config),
  })
  process.on('SIGHUP', () => {
    log('info', lines.reloadOnSignal())
    void manager.tell('RELOADING=1', 'reading its file').then(async () => {
      await daemon.reload()
      await manager.tell('READY=1', 'running')
    })
  })
  survive(log)
  const failure = announce(role)
  if (failure !== null) {
    log('ERROR', failure)
    await forwarder.close()
    await output.close()
    report({ kind: 'ended', status: 1, stderr: [failure] })
    return 1
  }
  if (mode === 'background' && lookForStandby(instance) !== null) {
    withdraw(instance.pidFile)
    await forwarder.close()
    await output.close()
    report({ kind: 'standby' })
    return 0
  }
  report({ kind: 'running' })
  // Whatever a start waits for, a signal ends it.
  const isReady = await Promise.race([daemon.start().then(() => true), stopped.then(() => false)])
  if (isReady) void manager.tell('READY=1', 'running')
  const signal = await stopped
  // Whatever hangs, a stop ends.
  setTimeout(() => process.exit(1), OWN_EXIT_MS_MAX).unref()
  void manager.tell('STOPPING=1', 'stopping')
  await daemon.stop()
  log('info', lines.terminated(signal))
  if (mode === 'debug') log('info', lines.exiting(0, lines.terminated(signal)))
  await output.close()
  // Last of all: who waits for the pid file to go may then rely on everything else being done.
  if (mode === 'warm') withdraw(instance.warmFile)
  if (mode !== 'foreground' && mode !== 'debug' && daemon.role === 'active') withdraw(instance.pidFile)
  return 0
}

/** What the files say of this process from now on. */
function announced(mode: Mode, instance: Instance, role: Role): string | null {
  if (mode === 'foreground' || mode === 'debug') return null
  const failure = mode === 'warm' ? announceStandby(instance, role) : null
  if (failure !== null) return failure
  if (role === 'active') return announcePid(instance)
  // The pid of one that ended without a word stays: who cleans up after it wants to know.
  const daemon = lookForDaemon(instance.pidFile)
  if (daemon.state === 'running' && daemon.pid === process.pid) withdraw(instance.pidFile)
  return null
}

/** A library's late error must not take the health checks of every service with it. */
function survive(log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => log('ERROR', `unexpected: ${(error as Error)?.stack ?? error}`))
}

/** Another of our programs, as a command. */
function besides(name: string): string[] {
  return [process.execPath, fileURLToPath(new URL(`./${name}`, import.meta.url))]
}
