/**
 * Directives of ours that keep one bad answer, or one good one, from moving traffic. They stand in column 1 and in
 * sections; a section's value wins. Nothing changes where they are not set.
 */
import { type ArgForm, directive } from '../../syntax/directive.js'
import * as form from './forms.js'
import type { CheckWindow, FlapBackoff } from './model.js'

/** Checks that are remembered for each server. */
const WINDOW_MAX = 1_000
const BACKOFF_SECONDS_MAX = 86_400

/** Two numbers around a slash, the first not above the second. */
function pair<T>(shown: string, wanted: string, max: number, make: (a: number, b: number) => T): ArgForm<T> {
  return {
    form: shown,
    parse: text => {
      const [, first, second] = /^(\d+)[ \t]*\/[ \t]*(\d+)/.exec(text) ?? []
      const [a, b] = [Number(first), Number(second)]
      return a >= 1 && a <= b && b <= max ? { value: make(a, b) } : { wanted }
    },
  }
}

const window = pair<CheckWindow>(
  'PASSES/CHECKS',
  `two numbers such as 7/10, at most ${WINDOW_MAX} checks`,
  WINDOW_MAX,
  (passes, size) => ({ passes, size }),
)
const backoff = pair<FlapBackoff>(
  'FIRST/LONGEST',
  `two numbers of seconds such as 10/600, at most ${BACKOFF_SECONDS_MAX}`,
  BACKOFF_SECONDS_MAX,
  (first, longest) => ({ first, longest }),
)

/** @param inherits whether an unset value is the global one or none */
export function stabilityDirectives(inherits: 'none' | 'global') {
  const unset = (name: string, otherwise: string): string =>
    inherits === 'global' ? `global ${name}` : otherwise
  return {
    recoverycount: directive({
      arg: form.number(1),
      default: null,
      defaultText: unset('recoverycount', '1'),
      repeat: 'last-wins',
      range: '> 0',
      summary: 'successes in a row after which a server that is down is up again',
      original: () => 'invalid recovery count value',
      support: 'acts',
      ours: true,
    }),
    checkwindow: directive({
      arg: window,
      default: null,
      defaultText: unset('checkwindow', 'none'),
      repeat: 'last-wins',
      summary:
        'a server is up while so many of its last checks have passed; replaces failurecount and recoverycount',
      original: () => 'invalid check window',
      support: 'acts',
      ours: true,
    }),
    panicthreshold: directive({
      arg: form.number(0, 100),
      default: null,
      defaultText: unset('panicthreshold', '0'),
      repeat: 'last-wins',
      range: '0..100',
      summary:
        'percent: while fewer servers are up, those that were up stay in service; with none up a fallback wins; 0: off',
      original: () => 'panicthreshold must be in range 0..100',
      support: 'acts',
      ours: true,
    }),
    flapbackoff: directive({
      arg: backoff,
      default: null,
      defaultText: unset('flapbackoff', 'none'),
      repeat: 'last-wins',
      summary:
        'a server that goes down within LONGEST seconds of coming back stays out for FIRST seconds, then twice as long each time',
      original: () => 'invalid flap back-off',
      support: 'acts',
      ours: true,
    }),
  }
}
