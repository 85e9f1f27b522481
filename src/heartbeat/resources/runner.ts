/**
 * The resource runner: takes jobs and scripts from the daemon and carries them out, one job at a time in the order
 * they were asked for; scripts of rc.d queue on their own, so that a slow one does not hold up a takeover.
 *
 * When the daemon vanishes without a goodbye nobody sends heartbeats for this node any more and the peer will take
 * over. The runner then gives up all groups that it took, so that they are not served twice, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentContext } from '../../agents/agent.js'
import { builtinAgents } from '../../agents/table.js'
import { assert } from '../../base/assert.js'
import { BoundedQueue } from '../../base/bounded-queue.js'
import type { GroupName } from '../core/cluster.js'
import { CALL_TIMEOUT_MS, type CallWorld, callResource, locateResource } from './call.js'
import { Children } from './children.js'
import { HeldGroups } from './held-groups.js'
import { Mender } from './mender.js'
import { type Performer, perform } from './perform.js'
import { ALL_REBOOTS_FAILED, rebooting } from './plan/children.js'
import { clearGroup, giveGroup, STOP_RETRIES, type StopRetries, takeGroup } from './plan/group.js'
import { type JobPlan, type JobStep, planJob } from './plan/jobs.js'
import type { Begin, FromRunner, ToRunner } from './plan/protocol.js'
import { groupKey, type Resource, type ResourceGroup } from './plan/resource.js'
import { RcQueue } from './rc-queue.js'
import { programOf, RunnerLog, type RunnerLogWorld } from './runner-log.js'
import { Stonith } from './stonith.js'
import { type Finding, Watch } from './watch.js'

const JOBS_MAX = 64
/** Findings leave room for jobs; what does not fit is found again. */
const FINDINGS_MAX = 32
/** To look where an address is; the announcements themselves go on in the background. */
const ANNOUNCE_MS = 5_000
export interface RunnerWorld extends RunnerLogWorld {
  readonly send: (message: FromRunner) => void
  /** Calls this when the process is to end. */
  readonly exit: () => void
  readonly retries?: StopRetries
  /** Reboots the machine; resolves, with the reason, only when that did not work. */
  readonly reboot: (delayMs: number) => Promise<string>
  /** Start and end of the programs that start and stop resources. */
  readonly whileRunning?: (pid: number) => () => void
}

type Work =
  | Extract<ToRunner, { kind: 'job' | 'announce' }>
  | { readonly kind: 'found'; readonly finding: Finding }

const nameOf = ({ kind, resource }: Finding): string => `${kind} ${resource.text}`

export class Runner {
  readonly #world: RunnerWorld
  readonly #begin: Begin
  #call: CallWorld
  readonly #retries: StopRetries
  readonly #ending = new AbortController()
  /** Aborted when nothing may be taken any more. */
  readonly #taking = new AbortController()
  readonly #held: HeldGroups
  readonly #log: RunnerLog
  readonly #children: Children
  readonly #stonith: Stonith
  readonly #mender: Mender
  readonly #watch: Watch
  readonly #jobs = new BoundedQueue<Work>(JOBS_MAX)
  readonly #scripts: RcQueue
  #working = false
  /** What the present job has taken so far. */
  readonly #taken: ResourceGroup[] = []
  /** Findings that wait in the queue, by what and of what. */
  readonly #waiting = new Set<string>()
  /** Set when the daemon is gone: no further group may be taken. */
  #orphaned = false

  constructor(begin: Begin, world: RunnerWorld) {
    this.#world = world
    this.#begin = begin
    this.#log = new RunnerLog(world)
    this.#held = new HeldGroups(begin.held, groups => {
      world.send({ kind: 'held', groups })
      this.#watch.heldChanged()
    })
    const max = Number(begin.env.HA_STOPRETRYMAX ?? '')
    const named = begin.env.HA_STOPRETRYMAX !== undefined && Number.isInteger(max) && max >= 0
    this.#retries = world.retries ?? { ...STOP_RETRIES, ...(named && { max: Math.min(max, 3_600) }) }
    this.#children = new Children({
      env: () => this.#call.env,
      coresFolder: `${begin.paths.varLib}/cores`,
      say: (level, text, pid) => this.#log.say('heartbeat', level, text, pid),
      onRunning: pids => world.send({ kind: 'children', pids }),
      reboot: reason => void this.#reboot(reason),
    })
    this.#stonith = new Stonith({
      env: () => this.#call.env,
      folder: begin.paths.varRun,
      say: (level, text) => this.#log.say('heartbeat', level, text),
      ending: this.#ending.signal,
    })
    this.#call = {
      paths: begin.paths,
      env: begin.env,
      ending: this.#ending.signal,
      timeoutMs: { ...CALL_TIMEOUT_MS, monitor: begin.settings.monitorTimeoutMs },
      announcements: begin.settings.announce,
      whileRunning: world.whileRunning,
      log: (level, instance, text) => this.#log.say(`${instance.split('_')[0]}(${instance})`, level, text),
    }
    this.#scripts = new RcQueue({
      haDir: begin.paths.haDir,
      env: () => this.#call.env,
      ending: this.#ending.signal,
      isOrphaned: () => this.#orphaned,
      say: (program, level, text) => this.#log.say(program, level, text),
      sayOutput: (program, output) => this.#log.sayOutput(program, output),
    })
    this.#mender = new Mender({
      settings: begin.settings,
      retries: this.#retries,
      isHeld: group => this.#held.has(group),
      performer: () => this.#performer(),
      give: group => this.#give(group),
      announce: resource => this.#announce(resource),
      complain: (resource, text) => this.#log.say(programOf(resource), 'ERROR', text),
      onLost: (group, why) =>
        world.send({ kind: 'groupLost', group: { node: group.node, key: groupKey(group) }, why }),
    })
    this.#watch = new Watch({
      settings: begin.settings,
      held: () => this.#held.all,
      isIdle: () => !this.#working && !this.#orphaned,
      monitor: (resource, ending) =>
        callResource(resource, 'monitor', {
          ...this.#call,
          ending: AbortSignal.any([ending, this.#ending.signal]),
        }),
      context: timeoutMs => this.#agentContext(timeoutMs),
      onFinding: finding => this.#found(finding),
      onRivalGone: resource =>
        this.#log.say(programOf(resource), 'info', 'Nobody else answers for this address any more.'),
    })
  }

  receive(message: Exclude<ToRunner, { kind: 'begin' }>): void {
    switch (message.kind) {
      case 'job':
        assert(this.#jobs.push(message), 'the core asks for one job at a time')
        this.#watch.interrupt()
        void this.#work()
        return
      case 'announce':
        // In turn with the jobs: what is being stopped is not announced.
        if (this.#jobs.push(message)) void this.#work()
        return
      case 'script':
        this.#scripts.push(message)
        return
      case 'environment':
        this.#call = { ...this.#call, env: message.env }
        return
      case 'reset':
        void this.#stonith
          .reset(message.node, message.devices)
          .then(result => this.#world.send({ kind: 'resetEnded', node: message.node, result }))
        return
      case 'checkDevices':
        void this.#stonith.check(message.devices)
        return
      case 'children':
        this.#children.start(message.programs)
        return
      case 'endChildren':
        void this.#children.end().then(() => this.#world.send({ kind: 'childrenEnded' }))
        return
      case 'goodbye':
        this.#watch.end()
        this.#ending.abort()
        void this.#children.end().then(() => this.#world.exit())
        return
    }
  }

  /** The channel closed without a goodbye. */
  async orphan(): Promise<void> {
    this.#orphaned = true
    this.#watch.end()
    this.#taking.abort()
    const childrenEnded = this.#children.end()
    if (this.#held.all.length > 0) {
      const text = 'The heartbeat daemon is gone. Giving up the resources of this node.'
      this.#log.say('heartbeat', 'CRIT', text)
    }
    while (this.#working) await sleep(20)
    for (const group of this.#held.all.reverse()) await this.#give(group)
    await childrenEnded
    this.#world.exit()
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    for (let next = this.#jobs.shift(); next && !this.#orphaned; next = this.#jobs.shift()) {
      if (next.kind === 'announce') await this.#announceAll()
      else if (next.kind === 'job') await this.#job(next)
      else {
        this.#waiting.delete(nameOf(next.finding))
        await this.#mender.react(next.finding)
      }
    }
    this.#working = false
  }

  async #job({ job, groups }: Extract<Work, { kind: 'job' }>): Promise<void> {
    const plan = planJob(job, this.#begin.us, groups, this.#held.all, this.#isLegacy)
    const failed = await this.#carryOut(plan)
    this.#world.send({ kind: 'jobEnded', job: job.job, failed })
    // Their addresses are announced and in use; the answers decide later (docs/resources.md).
    const taken = this.#taken.splice(0)
    if (taken.length > 0) void this.#watch.lookForRivals(taken, job.what === 'takeFrom' ? 'dead' : 'other')
  }

  #agentContext(timeoutMs: number): AgentContext {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeoutMs)])
    return { ...this.#call, signal }
  }

  async #announceAll(): Promise<void> {
    for (const { resources } of this.#held.all)
      for (const resource of resources) await this.#announce(resource)
    void this.#watch.lookForRivals(this.#held.all, null)
  }

  /** Also where a script of the administrator sets the address: what is on the interface is what counts. */
  async #announce({ script, args }: Resource): Promise<void> {
    await builtinAgents.get(script)?.announce?.(args, this.#agentContext(ANNOUNCE_MS))
  }

  /** In turn with the jobs; the same finding does not wait twice. */
  #found(finding: Finding): void {
    const name = nameOf(finding)
    if (this.#orphaned || this.#waiting.has(name) || this.#jobs.length >= FINDINGS_MAX) return
    this.#waiting.add(name)
    this.#jobs.push({ kind: 'found', finding })
    void this.#work()
  }

  get #isLegacy(): boolean {
    return this.#begin.env.HA_auto_failback === 'legacy'
  }

  async #carryOut(plan: JobPlan): Promise<GroupName[]> {
    const machDown = (text: string): void => this.#log.say('mach_down(default)', 'info', text)
    const failed: GroupName[] = []
    for (const step of plan.steps) {
      if (this.#orphaned) return failed
      if (step.before !== null) machDown(step.before)
      const worked = await this.#step(step)
      if (!worked) failed.push({ node: step.group.node, key: groupKey(step.group) })
    }
    plan.end.forEach(machDown)
    return failed
  }

  #step({ action, group }: JobStep): Promise<boolean> {
    switch (action) {
      case 'take':
        return this.#take(group)
      case 'give':
        return this.#give(group)
      case 'clear':
        return perform(clearGroup(group, this.#retries), this.#performer())
    }
  }

  async #take(group: ResourceGroup): Promise<boolean> {
    // Held from the first call on: a daemon that dies in the middle of a start leaves a half started group.
    this.#held.add(group)
    const taken = await perform(
      takeGroup(group, this.#retries, this.#begin.settings.startTries),
      this.#performer(),
    )
    if (taken) this.#taken.push(group)
    else this.#held.remove(group)
    return taken
  }

  async #give(group: ResourceGroup): Promise<boolean> {
    const given = await perform(giveGroup(group, this.#retries), this.#performer())
    if (given) this.#held.remove(group)
    return given
  }

  /** A program of failfast has died. */
  async #reboot(reason: string): Promise<void> {
    this.#log.say('heartbeat', 'EMERG', rebooting(reason))
    const problem = await this.#world.reboot(this.#begin.keepaliveMs)
    this.#log.say('heartbeat', 'CRIT', `${ALL_REBOOTS_FAILED}: ${problem}`)
  }

  #performer(): Performer {
    return {
      locate: resource => {
        const located = locateResource(resource, this.#call)
        return located.kind === 'none' ? null : located.path
      },
      call: async (resource, action) => {
        // A start under way when the daemon vanishes is ended; a stop is always let finish.
        const ending = action === 'stop' ? this.#ending.signal : this.#taking.signal
        const outcome = await callResource(resource, action, { ...this.#call, ending })
        const program = programOf(resource)
        // What status prints is its answer; what start and stop print is for the reader of the log.
        if (action !== 'status' || outcome.exitCode === null) this.#log.sayOutput(program, outcome.output)
        return outcome
      },
      log: (level, text) => this.#log.say('ResourceManager(default)', level, text),
      pause: async ms => {
        await sleep(ms)
      },
    }
  }
}
