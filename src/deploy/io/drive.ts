/** The loop of a run: steps out, answers in, each on record before the machine hears of it. It holds no rule. */
import type { DoEffect, Effect, Event, ExitStatus, Rollout } from '../core/rollout.js'
import type { JournalFile } from './journal-file.js'
import type { Say } from './report.js'
import type { Outcome } from './run-context.js'

export interface Driving {
  readonly rollout: Rollout
  readonly journal: Pick<JournalFile, 'append'>
  readonly perform: (effect: DoEffect) => Promise<Outcome>
  readonly say: Say
  readonly stopping: AbortSignal
}

/** The exit status, or null when the run was interrupted: what was under way is then owed. */
export async function drive(driving: Driving, first: readonly Effect[]): Promise<ExitStatus | null> {
  const { rollout, journal, perform, say, stopping } = driving
  const underWay = new Map<number, Promise<{ effect: DoEffect; outcome: Outcome }>>()
  const queue: Effect[] = [...first]
  for (;;) {
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
      if (effect.kind === 'end') {
        journal.append({ kind: 'closed', time: new Date().toISOString(), exit: effect.exit })
        return effect.exit
      }
      const asked = effect
      journal.append({
        kind: 'begin',
        time: new Date().toISOString(),
        number: asked.number,
        host: asked.host,
        step: asked.step,
      })
      say({ host: asked.host, virtual: null, step: asked.step, status: 'begin', detail: '' })
      underWay.set(
        asked.number,
        perform(asked).then(outcome => ({ effect: asked, outcome })),
      )
    }
    if (stopping.aborted) return null
    const { effect, outcome } = await Promise.race(underWay.values())
    underWay.delete(effect.number)
    // What an interruption ended has neither failed nor been done: it is begun again by resume.
    if (stopping.aborted) return null
    const event: Event = {
      kind: 'done',
      number: effect.number,
      ok: outcome.ok,
      why: outcome.why,
      ...(outcome.data !== undefined && { data: outcome.data }),
    }
    journal.append({ kind: 'event', time: new Date().toISOString(), event })
    const status = outcome.ok ? 'ok' : 'failed'
    say({ host: effect.host, virtual: null, step: effect.step, status, detail: outcome.why })
    queue.push(...rollout.step(event))
  }
}

/** Feeds an event that no step answers, and puts it on record first. */
export function feed(driving: Driving, event: Event): Effect[] {
  driving.journal.append({ kind: 'event', time: new Date().toISOString(), event })
  return driving.rollout.step(event)
}
