/**
 * The journal of a run: JSON values, one a line. The first line is the plan; `begin` says that a step may have had an
 * effect from here on; `event` is what was fed to the machine. A last line that a power cut left half is no line.
 */
import { type DoEffect, type Event, type ExitStatus, Rollout } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'

export const JOURNAL_VERSION = 1

export type Entry =
  | { readonly kind: 'plan'; readonly version: number; readonly time: string; readonly plan: RunPlan }
  | {
      readonly kind: 'begin'
      readonly time: string
      readonly number: number
      readonly host: string | null
      readonly step: string
    }
  | { readonly kind: 'event'; readonly time: string; readonly event: Event }
  | { readonly kind: 'closed'; readonly time: string; readonly exit: ExitStatus }

export const printEntry = (entry: Entry): string => `${JSON.stringify(entry)}\n`

export interface Replayed {
  readonly rollout: Rollout
  /** Steps that were begun and not ended: they may have had an effect, or a part of one. */
  readonly begun: readonly DoEffect[]
  readonly isClosed: boolean
  readonly startedAt: string
}

/** What a journal says, or why it cannot be believed. */
export function replay(text: string): Replayed | { readonly reason: string } {
  const lines = text.split('\n')
  lines.pop() // what stands behind the last line feed was never finished
  const [first, ...rest] = lines.map(parse)
  if (first === undefined || first === null || first.kind !== 'plan')
    return { reason: 'its first line is no plan' }
  if (first.version !== JOURNAL_VERSION)
    return { reason: `it was written by another version of ha-deploy (journal ${first.version})` }
  const rollout = new Rollout(first.plan)
  const begun = new Set<number>()
  let isClosed = false
  for (const [index, entry] of rest.entries()) {
    const reason = `line ${index + 2} does not follow from the lines before it`
    if (entry === null) return { reason: `line ${index + 2} is no entry` }
    if (entry.kind === 'begin') begun.add(entry.number)
    else if (entry.kind === 'closed') isClosed = true
    else if (entry.kind !== 'event' || !rollout.takes(entry.event)) return { reason }
    else rollout.step(entry.event)
  }
  const owed = rollout.owed
  return { rollout, isClosed, startedAt: first.time, begun: owed.filter(effect => begun.has(effect.number)) }
}

/** The entries that can be read. */
export const parseEntries = (text: string): readonly Entry[] =>
  text
    .split('\n')
    .map(parse)
    .filter(entry => entry !== null)

function parse(line: string): Entry | null {
  try {
    const value: unknown = JSON.parse(line)
    const isEntry = typeof value === 'object' && value !== null && 'kind' in value
    return isEntry ? (value as Entry) : null
  } catch {
    return null // the reader says which line it is
  }
}
