/** The agent Delay: waits at start and at stop. Times as measured on the original: 20 s and 30 s when not given. */
import { passing, realClock } from '../base/io/real-clock.js'
import { failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'
import { stateFile } from './state-file.js'

const DELAY_MS_MAX = 600_000

export interface DelayPlan {
  readonly startMs: number
  readonly stopMs: number
  /** Part of the name of the state file: the start delay as it is written. */
  readonly instance: string
}

/** Seconds, with a fraction if one likes; null for anything else. */
function milliseconds(text: string): number | null {
  return /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : null
}

export function planDelay(args: readonly string[]): DelayPlan | { readonly problem: string } {
  const [start = '20', stop = '30'] = args
  const startMs = milliseconds(start)
  const stopMs = milliseconds(stop)
  const wrong = startMs === null ? start : stopMs === null ? stop : null
  if (startMs === null || stopMs === null) {
    return { problem: `Delay wants seconds such as 5; found "${wrong}"` }
  }
  if (Math.max(startMs, stopMs) >= DELAY_MS_MAX) {
    return {
      problem: `Delay wants less than ${DELAY_MS_MAX / 1000} seconds, the deadline of a start or stop`,
    }
  }
  return { startMs, stopMs, instance: args[0] ?? '10' }
}

export const delay = standardAgent({
  name: 'Delay',
  usage: '[delay [stopdelay]]',
  summary: 'a pause between the resources of a group',
  argumentsMax: 2,
  parameters: [
    { name: 'startdelay', isRequired: false, default: '20', meaning: 'seconds to wait at start' },
    { name: 'stopdelay', isRequired: false, default: '30', meaning: 'seconds to wait at stop' },
  ],
  check(args) {
    const plan = planDelay(args)
    return 'problem' in plan ? failedWith(OCF_EXIT.arguments, plan.problem) : null
  },
  async act(args, action, context) {
    const plan = planDelay(args)
    // Arguments that start refused were never started: a stop has nothing to undo.
    if ('problem' in plan) return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, plan.problem)
    const state = stateFile(`Delay_Delay_${plan.instance}`, context)
    const held = state.isThere()
    if (action === 'status' || action === 'monitor') return runningIf(held)
    if (held === (action === 'start')) return succeeded
    const { clock = realClock, signal } = context
    await passing(clock, action === 'start' ? plan.startMs : plan.stopMs, signal)
    if (signal.aborted)
      return failedWith(OCF_EXIT.generic, `Delay was ended before its time: ask again for ${action}`)
    const fault = action === 'start' ? state.put() : state.remove()
    return fault === null ? succeeded : failedWith(OCF_EXIT.generic, fault)
  },
})
