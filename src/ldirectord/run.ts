/**
 * The ldirectord process: finds and loads its file, chooses the forwarder, says how its start went, and then lives
 * until a signal. In the background it writes a pid file and its log; in the foreground (supervised=yes or -d) it does
 * neither and talks to its own streams.
 */
import { unlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { replaceFile } from '../base/io/files.js'
import { ctime, ldirectordLine } from '../log/formats.js'
import { type FileLog, fileLog } from '../log/io/file-log.js'
import { type SyslogSink, syslogSink } from '../log/io/syslog.js'
import { type Log, oneLine } from '../log/record.js'
import { negotiableServices, runCheck } from './checks/run-check.js'
import type { LdirectordConfig } from './config/model.js'
import { desiredTable } from './core/desired.js'
import { Daemon, type GoodConfig } from './daemon.js'
import { chooseForwarder, wantedForwarder } from './forwarders/choose.js'
import { nftRefusal } from './forwarders/nft/nft.js'
import { openProxy } from './forwarders/proxy.js'
import { findInstance, type Instance, lookForDaemon } from './io/instance.js'
import { loadConfig } from './io/load-config.js'
import type { StartReport } from './io/start-daemon.js'
import * as lines from './log-lines.js'

export interface RunOptions {
  /** `debug` is -d. */
  readonly mode: 'background' | 'foreground' | 'debug'
  /** null: none was given. */
  readonly config: string | null
  /** For the log line that says how it was called. */
  readonly program: string
  readonly args: readonly string[]
  readonly report: (report: StartReport) => void
}

const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']
const OWN_EXIT_MS_MAX = 20_000

/** Resolves with the exit status when the process may end. */
export async function runLdirectord(options: RunOptions): Promise<number> {
  const { mode, report } = options
  const instance = findInstance(options.config, process.env)
  const ended = (status: number, stderr: readonly string[]): number => {
    report({ kind: 'ended', status, stderr })
    return status
  }
  if (instance.file === null) return ended(1, [`Config file ${instance.given} not found`])
  const loaded = await loadConfig(instance.file, instance)
  if (loaded.kind === 'refused') return ended(2, [...loaded.errors, ...loaded.explained])
  const output = new LogOutput(mode, instance, loaded.config)
  if (mode === 'background') {
    // In the foreground there is no pid file, so nothing tells whether another one runs.
    if (lookForDaemon(instance.pidFile).state === 'running') {
      output.log('info', lines.invoking(options.program, options.args))
      await output.close()
      return ended(0, [])
    }
    if (loaded.config.supervised) {
      report({ kind: 'foreground' })
      return 0
    }
  }
  output.log('info', lines.invoking(options.program, options.args))
  const twin = runningTwin(instance)
  if (twin !== null) output.log('WARN', twin)
  for (const warning of loaded.warnings) output.log('WARN', warning)
  const { forwarder: inFile } = loaded.config
  const wanted = wantedForwarder(inFile, process.env.LDIRECTORD_FORWARDER)
  const choice = await chooseForwarder(wanted, {
    openProxy: () => openProxy({ instance: instance.name, varRun: instance.runDir, log: output.log }),
    nftRefusal: nftRefusal(desiredTable(loaded.config, () => true)),
  })
  if (choice.kind === 'none') {
    output.log('ERROR', choice.reason)
    await output.close()
    return ended(1, [choice.reason])
  }
  const { log } = output
  log('info', mode === 'background' ? lines.startingAsDaemon() : lines.startingWithPid(process.pid))
  log('info', lines.forwarderChosen(choice.forwarder.name, choice.because))
  return live(options, instance, loaded, choice.forwarder, output)
}

async function live(
  { mode, report }: RunOptions,
  instance: Instance,
  loaded: GoodConfig,
  forwarder: ConstructorParameters<typeof Daemon>[0]['forwarder'],
  output: LogOutput,
): Promise<number> {
  const { log } = output
  const file = instance.file!
  const daemon = new Daemon({
    instance,
    loaded,
    forwarder,
    runCheck,
    negotiable: negotiableServices,
    command: besides('ldirectord.cjs'),
    mailCommand: besides('ldirectord-mail.cjs'),
    load: () => loadConfig(file, instance),
    log,
    useLog: config => output.use(config),
  })
  const stopped = new Promise<NodeJS.Signals>(resolve => {
    for (const signal of STOP_SIGNALS) process.on(signal, resolve)
  })
  process.on('SIGHUP', () => {
    log('info', lines.reloadOnSignal())
    void daemon.reload()
  })
  // A library's late error must not take the health checks of every service with it.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => log('ERROR', `unexpected: ${(error as Error)?.stack ?? error}`))
  if (mode === 'background') {
    try {
      replaceFile(instance.pidFile, `${process.pid}\n`, 0o644)
    } catch (error) {
      const reason = `cannot write the pid file ${instance.pidFile}: ${(error as Error).message}`
      log('ERROR', reason)
      await forwarder.close()
      await output.close()
      report({ kind: 'ended', status: 1, stderr: [reason] })
      return 1
    }
  }
  report({ kind: 'running' })
  await daemon.start()
  const signal = await stopped
  // Whatever hangs, a stop ends.
  setTimeout(() => process.exit(1), OWN_EXIT_MS_MAX).unref()
  await daemon.stop()
  log('info', lines.terminated(signal))
  await output.close()
  // Last of all: who waits for the pid file to go may then rely on everything else being done.
  if (mode === 'background') removePidFile(instance.pidFile)
  return 0
}

/** Another of our programs, as a command. */
function besides(name: string): string[] {
  return [process.execPath, fileURLToPath(new URL(`./${name}`, import.meta.url))]
}

/** `ldirectord start` and `ldirectord ldirectord.cf start` are two instances that fight over one table. */
function runningTwin(instance: Instance): string | null {
  const other = findInstance(instance.name === 'ldirectord' ? 'ldirectord.cf' : null, process.env)
  if (other.file !== instance.file || other.name === instance.name) return null
  const daemon = lookForDaemon(other.pidFile)
  if (daemon.state !== 'running') return null
  return `${instance.file} is already run by instance ${other.name} (pid ${daemon.pid}): stop one of the two`
}

function removePidFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Somebody was faster; that it is gone is all that matters.
  }
}

/** Where the lines of this process go: a file or syslog as logfile= says, or its own streams in the foreground. */
class LogOutput {
  readonly #mode: RunOptions['mode']
  readonly #instance: Instance
  #logfile = ''
  #file: FileLog | null = null
  #syslog: SyslogSink | null = null

  constructor(mode: RunOptions['mode'], instance: Instance, config: LdirectordConfig) {
    this.#mode = mode
    this.#instance = instance
    // Whoever read our streams may go away; that is no reason to stop checking.
    if (mode !== 'background')
      for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    this.use(config)
  }

  use({ logfile }: LdirectordConfig): void {
    if (this.#mode !== 'background' || logfile === this.#logfile) return
    void this.close()
    this.#logfile = logfile
    if (logfile.startsWith('/')) this.#file = fileLog(logfile)
    else this.#syslog = syslogSink(logfile, `ldirectord[${process.pid}]`, why => this.#withoutSyslog(why))
  }

  /** Lines that syslog does not take go to the usual file, so that they are not lost. */
  #withoutSyslog(why: string): void {
    this.#syslog = null
    this.#file ??= fileLog(this.#instance.defaultLog)
    this.log('WARN', why)
  }

  readonly log: Log = (level, text) => {
    const record = { atMs: Date.now(), level, text }
    if (this.#mode === 'debug') process.stderr.write(`${oneLine(text)}\n`)
    else if (this.#mode === 'foreground') process.stdout.write(`[${ctime(record.atMs)}] ${oneLine(text)}\n`)
    // The original gives every line the priority info.
    else if (this.#syslog !== null) this.#syslog.write({ ...record, level: 'info' })
    else this.#file?.write(ldirectordLine(record, this.#instance.name, process.pid))
  }

  /** Resolves when the last line is where it belongs. */
  async close(): Promise<void> {
    const file = this.#file
    this.#syslog?.close()
    this.#file = null
    this.#syslog = null
    await file?.close()
  }
}
