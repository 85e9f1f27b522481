/**
 * Argument forms that several ha.cf directives share. Each reads exactly what heartbeat 3.0.6 reads, number
 * reading by leading digits included; what cannot have been meant is a doubt, not a refusal.
 */
import { parseDurationMs } from '../../base/duration.js'
import type { ArgForm, Reading, Refusal } from '../../syntax/directive.js'

const TIME_WANTED = 'a time such as 2, 0.5 or 500ms'

const timeHelp = (text: string): { help: string } | Record<string, never> => {
  const match = /^(\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|m|min|minutes?)$/i.exec(text)
  if (!match) return {}
  const seconds = Number(match[1]) * (match[2]!.toLowerCase().startsWith('m') ? 60 : 1)
  return { help: `a bare number is seconds: write "${seconds}"` }
}

/** A time in milliseconds of at least `atLeastMs`. */
export function time(atLeastMs = 0): ArgForm<number> {
  return {
    form: 'time',
    parse: text => {
      const ms = parseDurationMs(text)
      if (ms === null) return { wanted: TIME_WANTED, ...timeHelp(text) }
      if (ms < atLeastMs) return { wanted: `${TIME_WANTED}, of at least ${atLeastMs} ms` }
      return { value: ms }
    },
  }
}

const YES = new Set(['on', 'true', 'yes', 'y', '1'])
const NO = new Set(['off', 'false', 'no', 'n', '0'])

export function booleanOf(text: string): boolean | null {
  const lower = text.toLowerCase()
  return YES.has(lower) ? true : NO.has(lower) ? false : null
}

export const onOff: ArgForm<boolean> = {
  form: 'on|off',
  parse: text => {
    const value = booleanOf(text)
    return value === null ? { wanted: '"on" or "off" (or yes, no, true, false, y, n, 1, 0)' } : { value }
  },
}

/** A number as the C library's atoi reads it: leading digits count, what follows is lost. */
export function integer(min: number, max: number, unit = ''): ArgForm<number> {
  const form = unit === '' ? 'number' : `number of ${unit}`
  const wanted =
    max === Number.MAX_SAFE_INTEGER ? `a ${form} of at least ${min}` : `a ${form} from ${min} to ${max}`
  return {
    form,
    parse: text => {
      const match = /^[+-]?\d{1,15}/.exec(text)
      const value = match ? Number(match[0]) : 0
      if (value < min || value > max) return { wanted }
      const whole = match?.[0].length === text.length
      return whole ? { value } : { value, doubt: `is read as ${value}` }
    },
  }
}

/** One of some words. */
export function oneOf<const W extends string>(
  words: readonly W[],
  cased: 'cased' | 'any-case' = 'cased',
): ArgForm<W> {
  return {
    form: words.join('|'),
    parse: text => {
      const value = words.find(word => (cased === 'cased' ? word === text : word === text.toLowerCase()))
      if (value !== undefined) return { value }
      const meant = words.find(word => word === text.toLowerCase())
      const wanted = words.map(word => `"${word}"`).join(words.length > 2 ? ', ' : ' or ')
      return { wanted, ...(meant === undefined ? {} : { help: `lower case: write "${meant}"` }) }
    },
  }
}

/** Any text, named by its form: a path, a host name. */
export function text(form: string): ArgForm<string> {
  return { form, parse: value => ({ value }) }
}

export function isRefusal<T>(outcome: Reading<T> | Refusal): outcome is Refusal {
  return 'wanted' in outcome
}
