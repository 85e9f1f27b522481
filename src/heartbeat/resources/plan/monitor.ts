/**
 * What it means that a resource does not run although it should: an address is put back, a resource that failed its
 * monitor is restarted with those behind it in its group, within limits. Beyond them the group is given up and the
 * cluster hands it over.
 */
import { isOwned, log, type Plan, type StopRetries, startResource, stopResource } from './group.js'
import type { Resource, ResourceGroup } from './resource.js'

/** So long without a failure, and earlier ones are forgotten. */
export const FORGIVEN_AFTER_MS = 600_000

/** Counts the restarts of each resource. */
export class Restarts {
  readonly #max: number
  /** By the text of the resource. */
  readonly #atMs = new Map<string, readonly number[]>()

  constructor(max: number) {
    this.#max = max
  }

  /** The number of the restart that is now due; null when there were too many. */
  next(resource: Resource, nowMs: number): number | null {
    const recent = (this.#atMs.get(resource.text) ?? []).filter(atMs => nowMs - atMs < FORGIVEN_AFTER_MS)
    if (recent.length >= this.#max) {
      this.#atMs.delete(resource.text)
      return null
    }
    this.#atMs.set(resource.text, [...recent, nowMs])
    return recent.length + 1
  }
}

/** Stops the resource at `from` and all behind it, right to left, and starts them again. */
function* restart(group: ResourceGroup, from: number, retries: StopRetries): Plan {
  const behind = group.resources.slice(from)
  for (const resource of behind.toReversed()) if (!(yield* stopResource(resource, retries))) return false
  for (const resource of behind) if ((yield* startResource(resource)) !== 'started') return false
  return true
}

export interface Mending {
  readonly group: ResourceGroup
  /** Which of its resources has failed. */
  readonly at: number
  readonly why: string
  /** The number of this restart; null: no more. */
  readonly restart: number | null
  readonly retries: StopRetries
}

/** True: it runs again. False: the group is to be given up. */
export function* mendGroup({ group, at, why, restart: number, retries }: Mending): Plan {
  const text = group.resources[at]?.text ?? ''
  yield log('ERROR', `Resource ${text} has failed: ${why}`)
  if (number === null) yield log('ERROR', `${text} was restarted too often.`)
  else {
    yield log('WARN', `Restarting ${text} and what follows it in its group (restart ${number})`)
    if (yield* restart(group, at, retries)) return true
  }
  yield log('CRIT', `Giving up resources due to failure of ${text}`)
  return false
}

/** An address that somebody took off its interface. False: it could not be put back. */
export function* putBack(resource: Resource): Plan {
  if (yield* isOwned(resource)) return true
  yield log('WARN', `${resource.text} was taken away from this node: putting it back`)
  return (yield* startResource(resource)) === 'started'
}

/**
 * Whether an address that another machine answers for stays here. The kernel of a dead node often outlives its
 * heartbeat and goes on answering: an address taken over from there must be kept, or the takeover would be in vain.
 */
export function keepsAddress(setting: 'auto' | 'keep' | 'yield', isFromDeadNode: boolean): boolean {
  return setting === 'auto' ? isFromDeadNode : setting === 'keep'
}
