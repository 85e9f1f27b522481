/** When each step of a run began and ended, from its journal. A step that a kill cut lasts from its first beginning. */
import type { Entry } from '../codec/journal.js'

export interface StepSpan {
  readonly host: string | null
  readonly step: string
  /** Unix time. */
  readonly fromMs: number
  readonly toMs: number
}

/** @param unixMs of a time as the journal writes it */
export function stepSpans(entries: readonly Entry[], unixMs: (iso: string) => number): StepSpan[] {
  const begun = new Map<number, Omit<StepSpan, 'toMs'>>()
  const spans: StepSpan[] = []
  for (const entry of entries) {
    if (entry.kind === 'begin' && !begun.has(entry.number))
      begun.set(entry.number, { host: entry.host, step: entry.step, fromMs: unixMs(entry.time) })
    if (entry.kind !== 'event' || entry.event.kind !== 'done') continue
    const start = begun.get(entry.event.number)
    if (start !== undefined) spans.push({ ...start, toMs: unixMs(entry.time) })
  }
  return spans
}

const LEAVES: readonly string[] = ['drain', 'redrain', 'quiesce', 'hold']
const RETURNS: readonly string[] = ['rejoin', 'readmit', 'release']

export interface HostTimes {
  /** How long its clients were waited for; null: they were not. */
  readonly drainedSeconds: number | null
  /** From the beginning of its drain until its weight was back; null: it has been at weight 0 never, or is still. */
  readonly downSeconds: number | null
}

/** A host may leave and return more than once; the times are sums. */
export function hostTimes(spans: readonly StepSpan[], host: string): HostTimes {
  let drainedMs: number | null = null
  let downMs: number | null = null
  let leftMs: number | null = null
  for (const { step, fromMs, toMs } of spans.filter(span => span.host === host)) {
    if (step === 'drain' || step === 'redrain') drainedMs = (drainedMs ?? 0) + toMs - fromMs
    if (LEAVES.includes(step)) leftMs ??= fromMs
    if (!RETURNS.includes(step) || leftMs === null) continue
    downMs = (downMs ?? 0) + toMs - leftMs
    leftMs = null
  }
  return { drainedSeconds: seconds(drainedMs), downSeconds: leftMs === null ? seconds(downMs) : null }
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 100) / 10)
