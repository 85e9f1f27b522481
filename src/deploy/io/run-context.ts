/** What every step of a run works with, and what it answers. */
import { setTimeout as delay } from 'node:timers/promises'
import { nowMs } from '../../base/io/real-clock.js'
import type { DeployConfig, HostConfig } from '../config/directives.js'
import type { StepData } from '../core/rollout.js'
import type { RunPlan } from '../core/run-plan.js'
import type { Drain } from './drain.js'
import type { Hooks } from './hooks.js'
import type { Say } from './report.js'
import type { ScriptResult, Shell } from './shell.js'

export interface RunContext {
  readonly config: DeployConfig
  readonly plan: RunPlan
  readonly shells: ReadonlyMap<string, Shell>
  readonly directors: readonly Shell[]
  readonly local: Shell
  readonly drain: Drain
  readonly hooks: Hooks
  /** What is uploaded; null: nothing. */
  readonly archive: string | null
  readonly say: Say
  /** On a terminal: whether to go on with clients left. null: nobody is there to be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | null
  /** What the directors were set to before the run. */
  readonly tuning: () => Readonly<Record<string, string>>
  readonly stopping: AbortSignal
}

export interface HostAtWork {
  readonly name: string
  readonly config: HostConfig
  readonly shell: Shell
  /** The text of its link before the run. */
  readonly previous: string | null
}

export interface Outcome {
  readonly ok: boolean
  readonly why: string
  readonly data?: StepData
}

export const LOOK_EVERY_MS = 500

export const DONE: Outcome = { ok: true, why: '' }
export const failure = (why: string): Outcome => ({ ok: false, why })
export const outcomeOf = (result: ScriptResult): Outcome => ({ ok: result.ok, why: result.why })

export const isoNow = (): string => new Date().toISOString()

/** The release in the text of a link; null where it points elsewhere. */
export function releaseOf(link: string | null): string | null {
  return link?.startsWith('releases/') ? link.slice('releases/'.length) : null
}

/** Ends early when the run is interrupted. */
export async function pause({ stopping }: Pick<RunContext, 'stopping'>, ms: number): Promise<void> {
  await delay(ms, undefined, { signal: stopping }).catch(() => {})
}

/** Looks until there is nothing to complain of, for so long. */
export async function until(
  context: Pick<RunContext, 'stopping'>,
  limitMs: number,
  look: () => Promise<string | null>,
): Promise<Outcome> {
  const untilMs = nowMs() + limitMs
  for (;;) {
    const why = await look()
    if (why === null) return DONE
    if (nowMs() > untilMs) return failure(`${why} (after ${Math.round(limitMs / 1000)} s)`)
    await pause(context, LOOK_EVERY_MS / 2)
    if (context.stopping.aborted) return failure('interrupted')
  }
}
