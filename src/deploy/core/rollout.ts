/**
 * The run as a pure machine: what has been done comes in, what must be done goes out. It holds no clock and no host;
 * waiting is a step like any other. The journal is the list of events that were fed to it: fed to a new machine they
 * give the same state, and what that machine still owes is what an interrupted run has to go on with.
 */
import { assert, unreachable } from '../../base/assert.js'
import { batchSize } from '../plan/batches.js'
import type { RunPlan } from './run-plan.js'
import { type Fate, type HostStep, isFate, PATH, type Place, type RunStep, type Step } from './steps.js'

export type Effect =
  /** Carry out one step, of one host or (host null) of the run. Answered by `done` with the same number. */
  | {
      readonly kind: 'do'
      readonly number: number
      readonly host: string | null
      readonly step: Step
      readonly hosts: readonly string[]
    }
  /** Nothing is left to do. */
  | { readonly kind: 'end'; readonly exit: ExitStatus }

export type DoEffect = Extract<Effect, { kind: 'do' }>

export type Event =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'done'
      readonly number: number
      readonly ok: boolean
      readonly why: string
      readonly data?: StepData
    }
  /** Give up: whoever is not verified gets its old release back. */
  | { readonly kind: 'abort' }

/** What a step found out that later steps need. */
export interface StepData {
  /** capacity: the hosts that may be drained now. */
  readonly allowed?: readonly string[]
  /** readTuning: the setting of each director before the run. */
  readonly tuning?: Readonly<Record<string, string>>
}

/** See docs/deploy.md. 0 done, 4 failed before the switch, 5 rolled back, 6 held, 7 mixed versions, 9 capacity. */
export type ExitStatus = 0 | 4 | 5 | 6 | 7 | 9

export interface HostState {
  readonly name: string
  at: Place
  /** The last failure. */
  why: string
  /** Where it is once on_fail has run. */
  fate: Fate | null
}

type Phase =
  | 'new'
  | 'beforeAll'
  | 'publish'
  | 'readTuning'
  | 'tune'
  | 'capacity'
  | 'batch'
  | 'pause'
  | 'undo'
  | 'restore'
  | 'afterAll'
  | 'ended'

export class Rollout {
  readonly plan: RunPlan
  readonly hosts: readonly HostState[]
  readonly #byName: ReadonlyMap<string, HostState>
  #phase: Phase = 'new'
  #number = 0
  readonly #owed = new Map<number, DoEffect>()
  #batchesDone = 0
  #stopping = false
  #aborted = false
  /** A step of the run itself failed, or capacity did not allow a host. */
  #fault: { readonly exit: 4 | 9; readonly why: string } | null = null
  #tuning: Readonly<Record<string, string>> = {}

  constructor(plan: RunPlan) {
    this.plan = plan
    this.hosts = plan.hosts.map(name => ({ name, at: 'waiting', why: '', fate: null }))
    this.#byName = new Map(this.hosts.map(host => [host.name, host]))
    assert(this.#byName.size === plan.hosts.length, 'a host stands once in a plan')
  }

  get isEnded(): boolean {
    return this.#phase === 'ended'
  }

  get isAborted(): boolean {
    return this.#aborted
  }

  /** Why the run as a whole stopped, where no host is to blame. */
  get fault(): string | null {
    return this.#fault?.why ?? null
  }

  /** What the directors were set to before the run, for `restore`. */
  get tuning(): Readonly<Record<string, string>> {
    return this.#tuning
  }

  /** What was asked for and not answered yet, in the order in which it was asked. */
  get owed(): readonly DoEffect[] {
    return [...this.#owed.values()]
  }

  /** The last effect again, for a journal that was cut before its end was written. */
  get ending(): readonly Effect[] {
    return this.isEnded ? [{ kind: 'end', exit: this.#exit() }] : []
  }

  /** Whether `step` would take this event; a journal is asked before it is believed. */
  takes(event: Event): boolean {
    if (event.kind === 'start') return this.#phase === 'new'
    if (event.kind === 'abort') return this.#phase !== 'new' && !this.isEnded
    return this.#owed.has(event.number)
  }

  step(event: Event): Effect[] {
    assert(this.takes(event), 'an event answers something that was asked for')
    switch (event.kind) {
      case 'start':
        return this.#enter('beforeAll')
      case 'abort':
        return this.#abort()
      case 'done': {
        const effect = this.#owed.get(event.number)!
        this.#owed.delete(event.number)
        return effect.host === null
          ? this.#runStepDone(effect.step as RunStep, event)
          : this.#hostStepDone(this.#byName.get(effect.host)!, effect.step as HostStep, event)
      }
      default:
        return unreachable(event)
    }
  }

  #ask(host: string | null, step: Step, hosts: readonly string[] = []): DoEffect {
    const effect: DoEffect = { kind: 'do', number: ++this.#number, host, step, hosts }
    this.#owed.set(effect.number, effect)
    return effect
  }

  #enter(phase: Phase): Effect[] {
    this.#phase = phase
    switch (phase) {
      case 'beforeAll':
      case 'readTuning':
      case 'tune':
      case 'pause':
      case 'restore':
      case 'afterAll':
        return this.plan.skips.includes(phase) ? this.#runStepPassed(phase) : [this.#ask(null, phase)]
      case 'publish':
        return this.#together(this.hosts, 'upload')
      case 'capacity':
        return this.#capacity()
      case 'undo':
        return this.#undo()
      case 'ended':
        return [{ kind: 'end', exit: this.#exit() }]
      case 'new':
      case 'batch':
        throw new Error('these phases are entered by their events')
      default:
        return unreachable(phase)
    }
  }

  #runStepDone(step: RunStep, event: Extract<Event, { kind: 'done' }>): Effect[] {
    if (event.data?.tuning) this.#tuning = event.data.tuning
    if (step === 'capacity') return this.#capacityKnown(event)
    // The end of the run is told whatever its last steps say; so is what they left behind.
    const isLate = step === 'restore' || step === 'afterAll' || step === 'pause'
    if (!event.ok) {
      this.#fault ??= { exit: 4, why: `${step}: ${event.why}` }
      if (!isLate) return this.#finish()
    }
    return this.#runStepPassed(step)
  }

  #runStepPassed(step: Exclude<RunStep, 'capacity'>): Effect[] {
    switch (step) {
      case 'beforeAll':
        return this.#enter('publish')
      case 'readTuning':
        return this.#enter('tune')
      case 'tune':
      case 'pause':
        return this.#enter('capacity')
      case 'restore':
        return this.#enter('afterAll')
      case 'afterAll':
        return this.#enter('ended')
      default:
        return unreachable(step)
    }
  }

  /** The next batch: as many of the waiting hosts as the list says and the director's table bears. */
  #capacity(): Effect[] {
    const waiting = this.hosts.filter(host => host.at === 'waiting')
    if (waiting.length === 0 || this.#stopping || this.plan.until === 'prepare') return this.#finish()
    const size = batchSize(this.plan.batch, this.#batchesDone, waiting.length)
    const wanted = waiting.slice(0, size).map(host => host.name)
    if (!this.plan.skips.includes('capacity')) return [this.#ask(null, 'capacity', wanted)]
    return this.#startBatch(wanted)
  }

  #capacityKnown(event: Extract<Event, { kind: 'done' }>): Effect[] {
    const allowed = event.data?.allowed ?? []
    if (event.ok && allowed.length > 0) return this.#startBatch(allowed)
    this.#fault = { exit: event.ok || allowed.length === 0 ? 9 : 4, why: event.why }
    return this.#finish()
  }

  #startBatch(names: readonly string[]): Effect[] {
    this.#phase = 'batch'
    this.#batchesDone++
    return this.#together(
      this.hosts.filter(host => host.at === 'waiting' && names.includes(host.name)),
      'drain',
    )
  }

  /** Sends hosts on their way side by side; the phase is over when the last has arrived. */
  #together(hosts: readonly HostState[], step: HostStep): Effect[] {
    const effects = hosts.flatMap(host => this.#goHost(host, step))
    return effects.length > 0 ? effects : this.#arrived()
  }

  /** Puts a host at a step, past those that the plan leaves out. Gives what must be done, nothing where it has arrived. */
  #goHost(host: HostState, place: Place): Effect[] {
    let next = place
    while (!isFate(next) && next !== 'waiting' && this.plan.skips.includes(next)) next = PATH[next].ok
    if (isFate(next) && next !== 'done' && next !== 'untouched' && host.fate === null) {
      host.fate = next
      if (!this.plan.skips.includes('onFail')) next = 'onFail'
    }
    host.at = next
    return isFate(next) || next === 'waiting' ? [] : [this.#ask(host.name, next)]
  }

  #hostStepDone(host: HostState, step: HostStep, event: Extract<Event, { kind: 'done' }>): Effect[] {
    if (!event.ok)
      host.why = host.why === '' ? `${step}: ${event.why}` : `${host.why}; then ${step}: ${event.why}`
    const row = PATH[step]
    const next = step === 'onFail' ? host.fate! : event.ok ? row.ok : row.failed
    const effects = this.#goHost(host, next)
    return effects.length > 0 ? effects : this.#arrived()
  }

  /** Called when a host has arrived somewhere: the phase goes on when nobody is under way. */
  #arrived(): Effect[] {
    if (this.#owed.size > 0) return []
    if (this.#failures() > this.plan.maxFail) this.#stopping = true
    switch (this.#phase) {
      case 'publish':
        // Whoever could not be prepared stays out of the batches, within what may fail.
        return this.#stopping || this.plan.until === 'prepare' ? this.#finish() : this.#enter('readTuning')
      case 'batch':
        if (this.#stopping || !this.#isAnyWaiting()) return this.#finish()
        return this.#batchesDone === 1 ? this.#enter('pause') : this.#enter('capacity')
      case 'undo':
        return this.#undo()
      default:
        return []
    }
  }

  #isAnyWaiting(): boolean {
    return this.hosts.some(host => host.at === 'waiting')
  }

  #failures(): number {
    return this.hosts.filter(host => host.fate !== null).length
  }

  /** No further batch. Hosts that never had their turn stay as they are. */
  #finish(): Effect[] {
    const undoes = this.#stopping && !this.#aborted && this.plan.onBatchFail === 'rollback_all'
    if (this.plan.until !== 'prepare')
      for (const host of this.hosts) if (host.at === 'waiting') host.at = 'untouched'
    return this.#enter(undoes ? 'undo' : 'restore')
  }

  /** Hosts that are done go back, one at a time, the last first; when the run is given up meanwhile, no further one. */
  #undo(): Effect[] {
    const last = this.#aborted ? undefined : this.hosts.findLast(host => host.at === 'done')
    if (last === undefined) return this.#enter('restore')
    if (last.why === '') last.why = 'the run was undone'
    const effects = this.#goHost(last, 'redrain')
    return effects.length > 0 ? effects : this.#undo()
  }

  #abort(): Effect[] {
    this.#aborted = true
    this.#stopping = true
    const owed = this.owed
    this.#owed.clear()
    const effects: Effect[] = []
    for (const effect of owed) {
      if (effect.host === null) continue
      const host = this.#byName.get(effect.host)!
      const next = PATH[effect.step as HostStep].abort
      if (next !== effect.step && next !== 'untouched') host.why = 'the run was given up'
      effects.push(...this.#goHost(host, next))
    }
    if (effects.length > 0) {
      if (this.#phase !== 'publish' && this.#phase !== 'undo') this.#phase = 'batch'
      return effects
    }
    const late = owed.find(effect => effect.step === 'restore' || effect.step === 'afterAll')
    return late ? this.#enter(late.step as Phase) : this.#finish()
  }

  // held               | 6
  // rolled back        | 5, whatever the others have
  // nobody got further | 9 capacity, 4 any other reason, 0 given up on request
  // some did, some not | 7
  #exit(): ExitStatus {
    const at = (fate: Fate): number => this.hosts.filter(host => host.at === fate).length
    if (at('held') > 0) return 6
    if (at('rolledBack') > 0 && !this.#aborted) return 5
    const isMixed = at('done') > 0 && at('done') < this.hosts.length
    if (isMixed) return 7
    if (this.#aborted) return 0
    if (this.#fault) return this.#fault.exit
    return at('stopped') > 0 ? 4 : 0
  }
}
