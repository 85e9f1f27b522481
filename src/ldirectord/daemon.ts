/**
 * ldirectord while it runs: outcomes of checks go into the director, its changes become log lines, commands and a new
 * desired table, which the table keeper brings about. No rule lives here; a step is: event in, perform what comes out.
 *
 * A loaded file replaces the old one as a whole or not at all. After a load the checks get a moment to answer before
 * the table is written, so that neither a start nor a reload shows a state that is wrong the next instant.
 *
 * Warm, it checks and leaves the table, mails and commands to whoever has them; it takes over with what it knows.
 */
import type { Server } from 'node:net'
import { periodically } from '../base/io/periodically.js'
import { nowMs } from '../base/io/real-clock.js'
import type { Log } from '../log/record.js'
import type { Outcome, Probe } from './checks/check.js'
import type { LdirectordConfig } from './config/model.js'
import { changeLine } from './core/change-lines.js'
import { type Change, type DirectorEvent, movesTable } from './core/director-contract.js'
import { drainsIn } from './core/drained-targets.js'
import { executeActions } from './core/execute.js'
import { forwarderLimitations, limitations } from './core/limitations.js'
import { patienceFor } from './core/patience.js'
import type { PlannedCheck } from './core/probe.js'
import type { Role } from './core/status.js'
import { EMPTY_TABLE } from './core/table.js'
import type { Forwarder } from './forwarders/forwarder.js'
import { Alerts } from './io/alerts.js'
import { Answers } from './io/answers.js'
import { Commands } from './io/commands.js'
import { ConfigWatch } from './io/config-watch.js'
import { serveControl } from './io/control-socket.js'
import { DrainLink } from './io/drain-link.js'
import { Drains } from './io/drains.js'
import { adoptedIn, answeredBefore, type Generation, openGeneration } from './io/generation.js'
import type { Instance } from './io/instance.js'
import type { Loaded } from './io/load-config.js'
import { OutcomeReports } from './io/outcome-reports.js'
import { OwnTable } from './io/own-table.js'
import { SorryServer } from './io/sorry-server.js'
import * as lines from './log-lines.js'

const HOUSEKEEPING_MS = 250
const STOP_MS_MAX = 15_000

export type GoodConfig = Extract<Loaded, { kind: 'loaded' }>

export interface DaemonOptions {
  readonly instance: Instance
  readonly loaded: GoodConfig
  readonly forwarder: Forwarder
  readonly runCheck: (probe: Probe, signal: AbortSignal) => Promise<Outcome>
  readonly load: () => Promise<Loaded>
  /** Whether it begins with the table, or warm. */
  readonly role: Role
  /** Tells the machine what we are now; a sentence when it cannot be told, and then we do not become it. */
  readonly announce: (role: Role) => string | null
  /** ldirectord itself, for the instances of execute=: a program and its first arguments. */
  readonly command: readonly string[]
  /** The program that sends mails: a command and its first arguments. */
  readonly mailCommand: readonly string[]
  /** Services that have a negotiate check. */
  readonly negotiable: readonly string[]
  readonly log: Log
  /** -d: each check is shown. */
  readonly isDebugging?: boolean
  /** Called when a loaded file names another log. */
  readonly useLog: (config: LdirectordConfig) => void
}

export class Daemon {
  readonly #options: DaemonOptions
  readonly #log: Log
  readonly #table: OwnTable
  readonly #sorry: SorryServer
  readonly #commands: Commands
  readonly #reports: OutcomeReports
  readonly #watch: ConfigWatch
  readonly #alerts: Alerts
  readonly #drains: Drains
  readonly #link: DrainLink
  readonly #answers: Answers
  #role: Role
  #generation: Generation | null = null
  #control: Server | null = null
  #endHousekeeping: () => void = () => {}
  /** Loads and the stop happen one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #isLoading = false
  #isStopping = false

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#log = options.log
    this.#role = options.role
    this.#reports = new OutcomeReports(options.log, options.isDebugging ?? false)
    this.#commands = new Commands(sentence => this.#log('WARN', sentence))
    this.#watch = new ConfigWatch(options.instance.file!, options.loaded.text)
    this.#alerts = new Alerts(options.mailCommand, options.log)
    this.#drains = new Drains(options.instance.drainFile, options.log)
    this.#link = new DrainLink(options.instance, this.#drains, options.log, () => this.#applyDrains())
    this.#table = new OwnTable({ ...options, inUse: () => this.#generation, alerts: this.#alerts })
    this.#sorry = new SorryServer(sentence => this.#log('WARN', sentence))
    this.#answers = new Answers({
      ...options,
      drains: this.#drains,
      inUse: () => this.#inUse(),
      believed: () => this.#table.believed,
      onDrains: () => this.#applyDrains(),
      mirrored: () => this.#link.echoed(),
      mirror: () => this.#link.state,
      role: () => this.#role,
      takeOver: () => this.takeOver(),
      release: () => this.release(),
    })
  }

  get role(): Role {
    return this.#role
  }

  async start(): Promise<void> {
    const { instance, loaded } = this.#options
    const control = await serveControl(instance.socket, question => this.#answers.answer(question))
    if (typeof control === 'string') this.#log('WARN', `no control socket: ${control}`)
    else this.#control = control
    this.#link.open()
    await this.#inTurn(() => this.#adopt(loaded.config))
    if (this.#isStopping) return
    this.#endHousekeeping = periodically(HOUSEKEEPING_MS, () => this.#housekeep())
  }

  /** Reads the file again; one that has an error changes nothing. */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      const loaded = await this.#options.load()
      if (loaded.kind === 'refused') {
        for (const error of loaded.errors) this.#log('ERROR', error)
        this.#log('ERROR', lines.keptConfiguration(this.#options.instance.file!))
        if (loaded.text !== null) this.#watch.loaded(loaded.text)
        return
      }
      for (const warning of loaded.warnings) this.#log('WARN', warning)
      this.#watch.loaded(loaded.text)
      this.#options.useLog(loaded.config)
      await this.#adopt(loaded.config)
    })
  }

  /** A warm standby makes the table what it knows it should be. Null, or why it cannot. */
  takeOver(): Promise<string | null> {
    return this.#changeRole('active', async generation => {
      this.#isLoading = true
      await generation.loop.firstRound(patienceFor(generation.config))
      const current = await this.#table.read(EMPTY_TABLE)
      const targets = adoptedIn(generation, current)
      generation.director.step({ kind: 'adopted', targets }, nowMs())
    })
  }

  /** Cleans the table as a stop does, and goes on checking. */
  release(): Promise<string | null> {
    return this.#changeRole('warm', async generation => {
      await this.#table.settled()
      await this.#leaveTable(generation)
      this.#alerts.flush()
      this.#table.forget()
      generation.director.step({ kind: 'retired' }, nowMs())
    })
  }

  async #changeRole(role: Role, change: (generation: Generation) => Promise<void>): Promise<string | null> {
    let failure: string | null = 'ldirectord is ending'
    await this.#inTurn(async () => {
      const generation = this.#generation
      failure = generation === null ? 'ldirectord is still starting' : null
      if (generation === null || this.#role === role) return
      const beganMs = nowMs()
      // Active is told before it is done, as a start does; warm when the table is left.
      if (role === 'active') failure = this.#options.announce(role)
      if (failure !== null) return
      this.#role = role
      await change(generation)
      if (role === 'active') await this.#occupy(generation, null)
      else failure = this.#options.announce(role)
      this.#log('info', role === 'active' ? lines.tookOver(nowMs() - beganMs) : lines.steppedBack())
    })
    return failure
  }

  /** Ends the checks, cleans the table as cleanstop says and lets go of everything. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#endHousekeeping()
    this.#generation?.loop.stop()
    const giveUp = setTimeout(() => this.#table.abort(), STOP_MS_MAX)
    await this.#turn
    // A start under way may have made it meanwhile.
    this.#generation?.loop.stop()
    await this.#table.settled()
    if (this.#generation !== null && this.#role === 'active') await this.#leaveTable(this.#generation)
    await Promise.race([this.#commands.idle(), this.#table.aborted()])
    clearTimeout(giveUp)
    this.#control?.close()
    this.#link.close()
    await this.#alerts.close()
    await this.#options.forwarder.close()
    this.#sorry.close()
    this.#reports.close()
  }

  async #leaveTable(generation: Generation): Promise<void> {
    await this.#table.leave(generation)
    this.#execute(generation.config.execute, [])
  }

  /** Who asks right after the start waits until the file is in use. */
  async #inUse(): Promise<Generation | null> {
    if (this.#generation === null) await this.#turn
    return this.#generation
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      try {
        if (!this.#isStopping) await work()
      } catch (error) {
        // Nothing that a file or a machine does gets here; a fault of ours must not block the next load or the stop.
        this.#log('ERROR', `unexpected: ${(error as Error).stack ?? error}`)
      } finally {
        this.#isLoading = false
      }
    })
    return this.#turn
  }

  /** Makes this configuration the one in use: start and reload are the same. */
  async #adopt(config: LdirectordConfig): Promise<void> {
    const old = this.#generation
    const { negotiable, forwarder } = this.#options
    for (const sentence of [...limitations(config, negotiable), ...forwarderLimitations(config, forwarder)])
      this.#log('WARN', sentence)
    const isWarm = this.#role === 'warm'
    // What the checks have decided is in the table before it is looked at, and nothing more gets there before the load.
    this.#isLoading = true
    await this.#table.settled()
    const believed = old === null ? EMPTY_TABLE : this.#table.believed
    const current = isWarm ? EMPTY_TABLE : await this.#table.read(believed)
    const generation = await openGeneration(config, {
      old,
      current,
      drains: () => this.#drains.list,
      run: this.#options.runCheck,
      onOutcome: (check, outcome, durationMs) => this.#checked(check, outcome, durationMs),
    })
    this.#generation = generation
    this.#alerts.use(config)
    await this.#sorry.use(config)
    this.#applyDrains()
    for (const event of answeredBefore(generation)) this.#step(generation, event)
    generation.loop.start()
    if (isWarm) return
    await generation.loop.firstRound(patienceFor(config))
    if (!this.#isStopping) await this.#occupy(generation, old)
  }

  /** Writes the whole table, and does what belongs to having it. */
  async #occupy(generation: Generation, old: Generation | null): Promise<void> {
    this.#isLoading = false
    await this.#table.load(generation, old)
    this.#step(generation, { kind: 'settled' })
    this.#execute(old?.config.execute ?? [], generation.config.execute)
  }

  #execute(before: readonly string[], after: readonly string[]): void {
    for (const action of executeActions(before, after)) this.#commands.instance(this.#options.command, action)
  }

  #checked(check: PlannedCheck, outcome: Outcome | 'maintenance', durationMs: number): void {
    const generation = this.#generation
    if (generation === null) return
    const { targets } = check
    this.#step(
      generation,
      outcome === 'maintenance'
        ? { kind: 'maintenance', targets }
        : { kind: 'checked', targets, outcome, durationMs },
    )
    this.#reports.report(generation.config, check, outcome, durationMs)
  }

  #step(generation: Generation, event: DirectorEvent): void {
    const changes = generation.director.step(event, nowMs())
    if (changes.length === 0) return
    for (const change of changes) this.#perform(generation, change)
    if (changes.some(movesTable) && !this.#isLoading && this.#role === 'active') this.#table.want(generation)
  }

  #perform({ config }: Generation, change: Change): void {
    const line = changeLine(config, change)
    if (line !== null) this.#log('info', line)
    if (change.kind !== 'fallback') return
    const virtual = config.virtuals[change.virtual]!
    const command = virtual.fallbackcommand ?? config.fallbackcommand
    if (command !== null) this.#commands.fallback(command, virtual.key, change.active)
  }

  #applyDrains(): void {
    const generation = this.#generation
    if (generation === null) return
    const drainOf = drainsIn(generation.config, this.#drains.list)
    this.#step(generation, { kind: 'drains', drainOf })
  }

  /** Looks after what no check triggers: the maintenance folder, edits that failed, a lost table, the file. */
  async #housekeep(): Promise<void> {
    const generation = this.#generation
    if (generation === null || this.#isStopping) return
    await generation.maintenance?.refresh()
    if (this.#drains.expire()) this.#applyDrains()
    this.#alerts.retry()
    this.#sorry.retry()
    if (this.#role === 'active') this.#alerts.tick(generation)
    if (this.#role === 'active' && !this.#isLoading) await this.#table.tick(generation)
    await this.#lookAtFile(generation.config)
  }

  async #lookAtFile(config: LdirectordConfig): Promise<void> {
    const file = this.#options.instance.file!
    const look = await this.#watch.look()
    if (look === 'same') return
    if (look === 'unreadable') {
      this.#log('WARN', `can not open file ${file} for checking`)
      return
    }
    this.#log('info', lines.configChanged(file))
    this.#log('info', config.autoreload ? lines.configReread() : lines.configIgnored())
    if (config.autoreload) await this.reload()
    const { callback } = this.#generation?.config ?? config
    if (callback !== null && this.#role === 'active') this.#commands.callback(callback, file)
  }
}
