/** Plays a plan: does each step and hands its outcome back, until the plan is at its end. */
import type { Level } from '../../log/record.js'
import type { Action, CallOutcome, Plan } from './plan/group.js'
import type { Resource } from './plan/resource.js'

export interface Performer {
  locate(resource: Resource): string | null
  call(resource: Resource, action: Action): Promise<CallOutcome>
  log(level: Level, text: string): void
  pause(ms: number): Promise<void>
}

/** Resolves with the plan's own verdict. */
export async function perform(plan: Plan, performer: Performer): Promise<boolean> {
  let answer: CallOutcome | undefined
  for (;;) {
    const next = plan.next(answer)
    if (next.done) return next.value
    answer = undefined
    const step = next.value
    switch (step.kind) {
      case 'locate':
        answer = { path: performer.locate(step.resource), exitCode: null, output: '' }
        break
      case 'call':
        answer = await performer.call(step.resource, step.action)
        break
      case 'log':
        performer.log(step.level, step.text)
        break
      case 'pause':
        await performer.pause(step.ms)
        break
    }
  }
}
