/**
 * What one more outcome means for one real server, by the rules of its virtual service.
 *
 *   outcome | before  | meaning
 *   passed  | up      | earlier soft failures are forgotten
 *   passed  | unknown | comes up
 *   passed  | down    | comes up at the recoverycount-th in a row, or when the window has passes enough; not before
 *           |         | the pause of a flapping server is over
 *   failed  | up      | goes down at the failurecount-th in a row, or when the window has too many; else soft failure
 *   failed  | other   | is down
 */
import type { VirtualService } from '../config/model.js'

export type Health = 'unknown' | 'up' | 'down'

export type Rules = Pick<VirtualService, 'failurecount' | 'recoverycount' | 'checkwindow' | 'flapbackoff'>

/** What the rules remember of a server. */
export interface History {
  /** Failures in a row while up; with a window the failures in it. */
  softFailures: number
  /** Successes in a row while down. */
  successes: number
  /** The last outcomes, newest last; empty without a window. */
  window: boolean[]
  /** How often it went down soon after it had come back. */
  flaps: number
  /** It does not come up before. */
  heldUntilMs: number
  /** It is up after having been down: going down soon counts as flapping. */
  hasReturned: boolean
}

export const NO_HISTORY: Omit<History, 'window'> = {
  softFailures: 0,
  successes: 0,
  flaps: 0,
  heldUntilMs: 0,
  hasReturned: false,
}

export type Verdict =
  | { readonly kind: 'up' | 'down' | 'same' | 'softFailuresReset' }
  | { readonly kind: 'softFailure' | 'recovering'; readonly count: number; readonly limit: number }
  | { readonly kind: 'held'; readonly untilMs: number }

export function judge(
  history: History,
  health: Health,
  passed: boolean,
  rules: Rules,
  nowMs: number,
): Verdict {
  const { checkwindow } = rules
  if (checkwindow !== null) {
    history.window.push(passed)
    while (history.window.length > checkwindow.size) history.window.shift()
  }
  return passed ? judgePassed(history, health, rules, nowMs) : judgeFailed(history, health, rules)
}

function judgePassed(history: History, health: Health, rules: Rules, nowMs: number): Verdict {
  const { checkwindow, recoverycount } = rules
  if (health === 'up') {
    const hadFailures = history.softFailures > 0
    history.softFailures = checkwindow === null ? 0 : failuresIn(history.window)
    return { kind: hadFailures && history.softFailures === 0 ? 'softFailuresReset' : 'same' }
  }
  history.successes++
  if (health === 'unknown') return { kind: 'up' }
  if (nowMs < history.heldUntilMs) return { kind: 'held', untilMs: history.heldUntilMs }
  const [count, limit] =
    checkwindow === null
      ? [history.successes, recoverycount]
      : [history.window.length - failuresIn(history.window), checkwindow.passes]
  return count >= limit ? { kind: 'up' } : { kind: 'recovering', count, limit }
}

function judgeFailed(history: History, health: Health, { checkwindow, failurecount }: Rules): Verdict {
  history.successes = 0
  if (health !== 'up') return { kind: 'down' }
  history.softFailures = checkwindow === null ? history.softFailures + 1 : failuresIn(history.window)
  const count = history.softFailures
  const limit = checkwindow === null ? failurecount : checkwindow.size - checkwindow.passes + 1
  return count >= limit ? { kind: 'down' } : { kind: 'softFailure', count, limit }
}

/** To be called when a server changes to `to`, with how long it has been what it was. */
export function remember(
  history: History,
  from: Health,
  to: 'up' | 'down',
  forMs: number,
  rules: Rules,
  nowMs: number,
) {
  history.successes = 0
  history.softFailures = to === 'up' ? failuresIn(history.window) : history.softFailures
  if (to === 'up') history.hasReturned = from === 'down'
  if (to === 'down' && rules.flapbackoff !== null && from === 'up') {
    const { first, longest } = rules.flapbackoff
    const isFlapping = history.hasReturned && forMs < longest * 1000
    history.flaps = isFlapping ? history.flaps + 1 : 0
    const pauseSeconds = history.flaps === 0 ? 0 : Math.min(longest, first * 2 ** (history.flaps - 1))
    history.heldUntilMs = nowMs + pauseSeconds * 1000
  }
}

function failuresIn(window: readonly boolean[]): number {
  return window.reduce((count, passed) => count + (passed ? 0 : 1), 0)
}
