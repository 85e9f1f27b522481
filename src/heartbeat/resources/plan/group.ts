/**
 * How a group is taken and given: the order of status, start and stop, what a failure means, and the log lines of
 * the original's ResourceManager. A plan is a generator: it yields one step, is handed the outcome, and yields the
 * next; it touches nothing itself, so that recorded outcomes can be played to it.
 */
import type { Level } from '../../../log/record.js'
import { groupText, type Resource, type ResourceGroup } from './resource.js'

export type Action = 'start' | 'stop' | 'status' | 'monitor'

export interface CallOutcome {
  /** What the log names: the path of the script, or null when there is none of that name. */
  readonly path: string | null
  /** null: it was ended by its deadline or a signal, or could not be run. */
  readonly exitCode: number | null
  readonly output: string
  /** One sentence when there is no exit code. */
  readonly problem?: string
}

export type Step =
  /** Where is the script? Answered with an outcome that holds only the path. */
  | { readonly kind: 'locate'; readonly resource: Resource }
  | { readonly kind: 'call'; readonly resource: Resource; readonly action: Action }
  | { readonly kind: 'log'; readonly level: Level; readonly text: string }
  | { readonly kind: 'pause'; readonly ms: number }

/** The outcome answers `locate` and `call`; it is undefined after the others. */
export type Plan = Generator<Step, boolean, CallOutcome | undefined>

export interface StopRetries {
  /** HA_STOPRETRYMAX: how often a failed stop is tried again. 0 and below: never (the original: for ever). */
  readonly max: number
  readonly everyMs: number
}
export const STOP_RETRIES: StopRetries = { max: 10, everyMs: 1_000 }

/** The original's rule: the words decide, the exit code is not looked at. */
export function saysRunning(output: string): boolean {
  if (/not +running/i.test(output)) return false
  return /[Rr]unning|OK/.test(output)
}

export const log = (level: Level, text: string): Step => ({ kind: 'log', level, text })
const words = (...all: readonly string[]): string => all.filter(word => word !== '').join(' ')

export function* isOwned(resource: Resource): Generator<Step, boolean, CallOutcome | undefined> {
  const outcome = yield { kind: 'call', resource, action: 'status' }
  return outcome !== undefined && saysRunning(outcome.output)
}

/** The exit codes that OCF and LSB give to what a second try does not change: arguments, nothing installed, configuration. */
const LASTING_EXIT_CODES: readonly (number | null)[] = [2, 5, 6]

/** `hopeless`: failed in a way that a second try does not change. */
export type StartVerdict = 'started' | 'failed' | 'hopeless'

/** Runs start or stop with the lines that the original writes around it; undefined when there is no script. */
function* call(
  resource: Resource,
  action: 'start' | 'stop',
): Generator<Step, CallOutcome | undefined, CallOutcome | undefined> {
  const located = yield { kind: 'locate', resource }
  const path = located?.path ?? null
  if (path === null) {
    yield log('ERROR', `Cannot locate resource script ${resource.script}`)
    return undefined
  }
  yield log('info', words('Running', path, ...resource.args, action))
  const outcome = yield { kind: 'call', resource, action }
  if (outcome?.exitCode === 0) return outcome
  if (outcome?.problem) yield log('ERROR', `${words(path, ...resource.args, action)}: ${outcome.problem}`)
  else yield log('ERROR', `Return code ${outcome?.exitCode ?? 1} from ${path}`)
  return outcome
}

export function* startResource(resource: Resource): Generator<Step, StartVerdict, CallOutcome | undefined> {
  const outcome = yield* call(resource, 'start')
  if (outcome?.exitCode === 0) return 'started'
  return outcome === undefined || LASTING_EXIT_CODES.includes(outcome.exitCode) ? 'hopeless' : 'failed'
}

/** Time between two tries to start a group. */
const START_AGAIN_MS = 1_000

/**
 * Left to right; a resource that runs already is left alone. A failing start gives the whole group back, and is tried
 * again where that worked and another try may help. The original tries once.
 */
export function* takeGroup(group: ResourceGroup, retries: StopRetries, tries = 1): Plan {
  for (let attempt = 1; ; attempt++) {
    yield log('info', `Acquiring resource group: ${groupText(group)}`)
    const verdict = yield* startAll(group)
    if (verdict === 'started') return true
    const isGivenBack = yield* giveGroup(group, retries)
    if (verdict === 'hopeless' || !isGivenBack || attempt >= tries) return false
    yield log('info', `Retrying failed start of resource group: ${groupText(group)}`)
    yield { kind: 'pause', ms: START_AGAIN_MS }
  }
}

function* startAll(group: ResourceGroup): Generator<Step, StartVerdict, CallOutcome | undefined> {
  for (const resource of group.resources) {
    if (yield* isOwned(resource)) continue
    const verdict = yield* startResource(resource)
    if (verdict === 'started') continue
    yield log('CRIT', `Giving up resources due to failure of ${resource.text}`)
    return verdict
  }
  return 'started'
}

/** Stops one resource, again and again within the limit; true when it does not run afterwards. */
export function* stopResource(resource: Resource, retries: StopRetries): Plan {
  for (let retry = 0; ; retry++) {
    const outcome = yield* call(resource, 'stop')
    if (outcome?.exitCode === 0) return true
    // A script that is not there will not be there a second later either.
    if (outcome === undefined || retry >= retries.max) break
    yield { kind: 'pause', ms: retries.everyMs }
    yield log('info', `Retrying failed stop operation [${resource.text}]`)
  }
  if (yield* isOwned(resource)) {
    // The original kills heartbeat and reboots here. Whoever reads the log decides about that, not we.
    yield log('CRIT', `Resource STOP failure. ${resource.text} still runs on this node: stop it by hand!`)
    return false
  }
  yield log('ERROR', `Resource script for ${resource.text} probably not LSB-compliant.`)
  yield log('WARN', `it (${resource.text}) MUST succeed on a stop when already stopped`)
  return true
}

/** What runs although nobody took it in this life is stopped, right to left; what does not run is left alone. */
export function* clearGroup(group: ResourceGroup, retries: StopRetries): Plan {
  let cleared = true
  let isNamed = false
  for (const resource of group.resources.toReversed()) {
    if (!(yield* isOwned(resource))) continue
    if (!isNamed) yield log('info', `Releasing resource group: ${groupText(group)}`)
    isNamed = true
    if (!(yield* stopResource(resource, retries))) cleared = false
  }
  return cleared
}

/** Right to left; a stop that fails for good does not keep the rest of the group from being stopped. */
export function* giveGroup(group: ResourceGroup, retries: StopRetries): Plan {
  yield log('info', `Releasing resource group: ${groupText(group)}`)
  let stopped = true
  for (const resource of group.resources.toReversed()) {
    if (!(yield* stopResource(resource, retries))) stopped = false
  }
  return stopped
}
