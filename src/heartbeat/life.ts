/**
 * The daemon's parts put together: opens everything or nothing, says so, works until the graceful stop is complete.
 * What a start opens is closed in reverse order, also when a later part of the start fails.
 */
import type { Paths } from '../base/paths.js'
import { createPrng } from '../base/prng.js'
import type { Level } from '../log/record.js'
import {
  clusterConfig,
  fingerprints,
  groupNames,
  runnerBegin,
  settingsOf,
  viewSettings,
} from './cluster-config.js'
import { Cluster, type Event, type GroupName, type ResourceClass } from './core/cluster.js'
import { Daemon } from './daemon.js'
import { type Configuration, EXIT } from './io/configuration.js'
import type { ControlSocket } from './io/control-socket.js'
import { DaemonLog, logfileOf } from './io/daemon-log.js'
import { watchedGroups } from './io/haresources-file.js'
import { loadAverage } from './io/load-average.js'
import { openApiDoor, openControlDoor, openFifoDoor } from './io/local-doors.js'
import {
  compileForShortBeats,
  keepChecking,
  openWatchdog,
  runsInRealtime,
  scheduleInRealtime,
} from './io/machine.js'
import { readOnlyForTesting } from './io/only-for-testing.js'
import { OwnClients } from './io/own-clients.js'
import { removePidFile, writePidFile } from './io/pid-file.js'
import { openPingNodes } from './io/ping-nodes.js'
import { rcScripts } from './io/rc-scripts.js'
import { Reload } from './io/reload.js'
import { keptDeletedNodes, keptGeneration, rememberIdentity } from './io/remember.js'
import { RunnerLink } from './io/runner-link.js'
import { ownShellFunctions } from './io/shell-functions.js'
import { listenToSignals } from './io/signals.js'
import { attempt } from './io/start-failure.js'
import { startLinks } from './io/start-links.js'
import type { Watchdog } from './io/watchdog.js'
import { zlibCodec } from './io/zlib-codec.js'
import type { Link, LinkHandlers } from './links/link.js'
import type { PingPort } from './links/ping.js'
import * as lines from './log-lines.js'
import type { ResourceGroup } from './resources/plan/resource.js'
import { stonithDevices } from './resources/plan/stonith.js'
import { reboot } from './resources/reboot.js'

/** What the command that started us is told, once. */
export type StartReport =
  | { readonly kind: 'started'; readonly lines: readonly string[] }
  | { readonly kind: 'refused'; readonly exitCode: number; readonly lines: readonly string[] }

export interface RunOptions {
  readonly paths: Paths
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isForeground: boolean
  /** False: `heartbeat -M`. */
  readonly managesResources: boolean
  /** False: `heartbeat -l`. */
  readonly allowsRealtime: boolean
  /** How often -d was given. */
  readonly debug: number
  /** The bundle of the resource runner. */
  readonly runnerFile: string
  readonly report: (report: StartReport) => void
}

/** What a life that keeps its resources hands to the next one. */
export interface Inheritance {
  readonly held: ResourceClass
  readonly failed: readonly GroupName[]
  readonly groups: readonly ResourceGroup[]
}

/** The exit code, or what the next life goes on with. */
export type LifeEnd = number | Inheritance

/** The original's exit code when a graceful stop is stuck. */
const EMERGENCY = 100
const RUNNER_GOODBYE_MS = 2_000

export class Life {
  readonly #options: RunOptions
  readonly #configuration: Configuration
  readonly #log: DaemonLog
  /** Closed in reverse order. */
  readonly #opened: (() => void | Promise<void>)[] = []
  /** Lines of the start, for the terminal; null once they were reported. */
  #lines: string[] | null = []
  #daemon: Daemon | null = null
  #control: ControlSocket | null = null
  #reload: Reload | null = null
  readonly #inheritance: Inheritance | null
  #isRestarting = false

  constructor(options: RunOptions, configuration: Configuration, inheritance: Inheritance | null = null) {
    this.#options = options
    this.#inheritance = inheritance
    this.#configuration = configuration
    const { haCf, us } = configuration
    this.#log = new DaemonLog(haCf, {
      us,
      varLog: options.paths.varLog,
      logdSocket: `${options.paths.varLib}/log_daemon`,
      debug: options.debug,
      also: line => {
        if (this.#lines) this.#lines.push(line.trimEnd())
        else if (options.isForeground && process.stderr.isTTY) process.stderr.write(line)
      },
    })
  }

  async close(): Promise<void> {
    for (const close of this.#opened.reverse()) await close()
    this.#log.close()
  }

  complain(text: string): void {
    this.#log.say('ERROR', text)
  }

  /** Starts, works, and resolves with the exit code after the graceful stop. */
  async live(): Promise<LifeEnd> {
    const { paths } = this.#options
    const { keys, haCf, us } = this.#configuration
    const watchdog = openWatchdog(haCf, this.#say)
    this.#opened.push(() => watchdog?.close())
    const links = await this.#openLinks()
    const pings = await this.#openPings()
    const remembered = rememberIdentity(paths.varLib, haCf.hbgenmethod, this.#say)
    let end: (how: LifeEnd) => void = () => {}
    const ended = new Promise<LifeEnd>(resolve => {
      end = resolve
    })
    const runner = this.#startRunner()
    const clients = new OwnClients({ us, haCf, hasPings: pings !== null, runner, say: this.#say })
    const devices = stonithDevices(haCf, us)
    const reload = this.#watchFiles(runner, watchdog)
    this.#reload = reload
    const offerToScripts = rcScripts({
      haDir: paths.haDir,
      isLegacy: haCf.auto_failback === 'legacy',
      ourStatus: () => this.#daemon?.clusterStatus.status ?? 'init',
      run: (name, env) => runner.script(name, env),
    })
    const random = createPrng(crypto.getRandomValues(new Uint32Array(1))[0]!)
    const daemon = new Daemon(keys, {
      cluster: new Cluster(
        clusterConfig(haCf, this.#configuration.groups, {
          us,
          pid: process.pid,
          ...remembered,
          links: links.map(({ name }) => name),
          pingNodes: pings?.nodes.map(({ name }) => name) ?? [],
          manageResources: this.#options.managesResources,
          random,
          heldAtStart: this.#inheritance?.held ?? 'none',
          failedAtStart: this.#inheritance?.failed ?? [],
          wallSeconds: () => Math.floor(Date.now() / 1000),
          loadAverage,
        }),
      ),
      us,
      random,
      format: haCf.msgfmt,
      compression: {
        codec: zlibCodec,
        isTraditional: haCf.traditional_compression,
        thresholdBytes: haCf.compression_threshold * 1024,
      },
      logsBadPackets: haCf.log_badpack,
      view: viewSettings(haCf, this.#options.managesResources),
      say: this.#say,
      openApi: (view, onSubmit) =>
        openApiDoor(`${paths.varRun}/heartbeat`, haCf.apiauth, this.#say, { view, onSubmit }),
      runJob: job => {
        reload.haresources()
        runner.run(job, reload.groups)
      },
      announce: () => runner.announce(),
      reset: node => runner.reset(node, devices),
      onBeat: () => watchdog?.beat(),
      reboot: () => void reboot(0, this.#options.env.HA_REBOOT).then(problem => this.#say('CRIT', problem)),
      onDelivered: message => {
        offerToScripts(message)
        clients.deliver(message)
      },
      onApiOpened: () => {
        clients.start(daemon)
        if (this.#options.managesResources) this.#opened.push(keepChecking(runner, devices))
      },
      onLeaving: () => void clients.end(),
      keepGeneration: generation => {
        const problem = keptGeneration(paths.varLib, generation)
        if (problem !== null) this.#say('ERROR', problem)
      },
      keepDeletedNodes: nodes => {
        const problem = keptDeletedNodes(paths.varLib, nodes)
        if (problem !== null) this.#say('ERROR', problem)
      },
      onDecision: decision => this.#control?.decided(decision),
      onRestart: (held, failed) => {
        this.#isRestarting = true
        void clients.end().then(() => end({ held, failed, groups: runner.held }))
      },
      onStopped: () => void clients.end().then(() => end(EXIT.ok)),
    })
    this.#daemon = daemon
    daemon.links = links
    daemon.pings = pings
    this.#opened.push(() => daemon.close())
    this.#opened.push(
      await openFifoDoor(`${paths.varLib}/fifo`, this.#say, message => daemon.submit(message)),
    )
    await this.#openControl(daemon)
    attempt(`cannot write to ${paths.varRun}`, () => writePidFile(paths.varRun, process.pid))
    // Removed last: who waits for the end looks at this file.
    this.#opened.unshift(() => {
      if (!this.#isRestarting) removePidFile(paths.varRun, process.pid)
    })
    if (this.#options.allowsRealtime) scheduleInRealtime(haCf, this.#say)
    const deafen = listenToSignals({
      isForeground: this.#options.isForeground,
      onStop: () => daemon.post({ kind: 'stop' }),
      onStuck: () => {
        this.#say('CRIT', 'Emergency Shutdown: resources were not released in time.')
        end(EMERGENCY)
      },
      onReload: () => {
        daemon.losses = readOnlyForTesting(paths.haDir, daemon.losses, this.#say)
        void reload.all()
      },
      onDebug: step => this.#log.debugBy(step),
      onFault: error => {
        this.#say('CRIT', `heartbeat ends because of a fault of its own: ${error.stack ?? error.message}`)
        this.#log.close()
        process.exit(EMERGENCY)
      },
    })
    this.#opened.push(deafen)
    this.#options.report({ kind: 'started', lines: this.#lines ?? [] })
    this.#lines = null
    compileForShortBeats(haCf)
    daemon.start()
    return ended
  }

  #say = (level: Level, text: string): void => this.#log.say(level, text)

  /** Packets that come before the daemon stands are lost like packets that came before it lived. */
  async #openLinks(): Promise<readonly Link[]> {
    const { env, paths } = this.#options
    const links = await startLinks(this.#configuration, {
      listen: (env.HA_LISTEN ?? '').split(/\s+/).filter(word => word !== ''),
      folders: [paths.varLib, paths.varRun],
      say: this.#say,
      onPacket: (bytes, from) => this.#daemon?.onPacket(bytes, from),
    })
    this.#opened.push(async () => {
      await Promise.all(links.map(link => link.close()))
    })
    return links
  }

  async #openPings(): Promise<PingPort | null> {
    const { media, node } = this.#configuration.haCf
    const handlers: LinkHandlers = {
      onPacket: (bytes, from) => this.#daemon?.onPingAnswer(bytes, from),
      onTrouble: sentence => this.#say('WARN', sentence),
    }
    const { port, lines } = await openPingNodes(media, node, handlers)
    for (const { level, text } of lines) this.#say(level, text)
    this.#opened.push(() => port?.close())
    return port
  }

  #startRunner(): RunnerLink {
    const { paths, env, runnerFile, debug } = this.#options
    const { us, haCf } = this.#configuration
    const logfile = logfileOf(haCf, paths.varLog)
    const shellFunctions = ownShellFunctions(paths.haDir, runnerFile)
    const begin = runnerBegin(haCf, { us, paths, logfile, debug, inherited: env, shellFunctions })
    const held = this.#inheritance?.groups ?? []
    const runner = new RunnerLink(
      runnerFile,
      env,
      { ...begin, held, isAhead: this.#options.allowsRealtime && runsInRealtime(haCf) },
      {
        onLine: line => this.#log.runnerLine(line),
        onJobEnded: (job, failed) => this.#post({ kind: 'jobEnded', job, failed }),
        onGroupLost: (group, why) => this.#post({ kind: 'groupLost', group, why }),
        onResetEnded: (node, result) => this.#post({ kind: 'resetEnded', node, result }),
        onTrouble: sentence => this.#say('ERROR', sentence),
      },
    )
    runner.start()
    this.#opened.push(() => runner.goodbye(RUNNER_GOODBYE_MS))
    return runner
  }

  #post(event: Event): void {
    this.#daemon?.post(event)
  }

  /** The peers compare them with theirs. */
  #tellFingerprints(): void {
    if (!this.#reload) return
    const { haCf, groups } = this.#reload
    this.#post({ kind: 'fingerprints', fingerprints: fingerprints(haCf, groups) })
  }

  #watchFiles(runner: RunnerLink, watchdog: Watchdog | null): Reload {
    const { paths, env, managesResources, debug } = this.#options
    const { us, haCf, groups } = this.#configuration
    const watched = watchedGroups(`${paths.haDir}/haresources`, haCf.node, groups)
    return new Reload(this.#configuration, {
      haDir: paths.haDir,
      managesResources,
      say: this.#say,
      readGroups: managesResources ? watched : () => ({ groups, complaint: null }),
      onKeys: keys => {
        if (this.#daemon) this.#daemon.keys = keys
        const { number, method } = keys.outgoing
        const accepted = [...keys.keys.keys()].join(' ')
        this.#post({ kind: 'keys', what: `signs with key ${number} (${method}), accepts ${accepted}` })
      },
      onGroups: changed => {
        this.#post({ kind: 'groups', groups: groupNames(changed) })
        this.#tellFingerprints()
      },
      onRestart: () => this.#restart(),
      onHaCf: (changed, { times, logs }) => {
        if (logs) this.#log.change(changed)
        if (this.#daemon) this.#daemon.viewSettings = viewSettings(changed, managesResources)
        const logfile = logfileOf(changed, paths.varLog)
        runner.changeEnvironment(runnerBegin(changed, { us, paths, logfile, debug, inherited: env }).env)
        if (!times) return
        watchdog?.setTime(changed.deadtime)
        this.#post({ kind: 'settings', settings: settingsOf(changed) })
        this.#tellFingerprints()
      },
    })
  }

  #restart(): void {
    this.#say('info', lines.restarting().text)
    this.#post({ kind: 'restart' })
  }

  async #openControl(daemon: Daemon): Promise<void> {
    this.#control = await openControlDoor(
      this.#options.paths.varRun,
      this.#say,
      () => daemon.clusterStatus,
      () => this.#restart(),
    )
    this.#opened.push(() => this.#control?.close())
  }
}
