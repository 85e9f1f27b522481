/**
 * Argument forms of ldirectord.cf: how the text behind `=` becomes a value. The original reads most values with
 * patterns that search, so a form says exactly which texts pass: `a12` is the number 12, `"x" y` is x. The text comes
 * without the blanks that follow `=`; what stands behind the value is still there, because it may matter.
 */
import type { ArgForm } from '../../syntax/directive.js'
import type { EmailAlertStatus } from './model.js'

type Parsed<T> = { readonly value: T } | { readonly wanted: string }

/** What the original says when no pattern of any directive fits a line. */
export const UNKNOWN_COMMAND = 'Unknown command'

/** The first run of digits found anywhere, at least `min`. */
export function number(min: number, max = Number.POSITIVE_INFINITY): ArgForm<number> {
  const wanted = Number.isFinite(max) ? `a number from ${min} to ${max}` : `a number of at least ${min}`
  return {
    form: 'NUMBER',
    parse: text => {
      const digits = /\d+/.exec(text)?.[0]
      if (digits === undefined) return { wanted }
      const value = Number(digits)
      return value >= min && value <= max ? { value } : { wanted }
    },
  }
}

/** Digits at the start; what follows is ignored. */
export const leadingNumber: ArgForm<number> = {
  form: 'NUMBER',
  parse: text => {
    const digits = /^\d+/.exec(text)?.[0]
    return digits === undefined ? { wanted: 'a number' } : { value: Number(digits) }
  },
}

/** Exactly `yes` or `no`: a blank or a comment behind it is refused. */
export const yesNo: ArgForm<boolean> = {
  form: 'yes|no',
  parse: text => (text === 'yes' || text === 'no' ? { value: text === 'yes' } : { wanted: 'yes or no' }),
}

const betweenQuotes = (text: string): string | undefined => /^"(.*)"/s.exec(text)?.[1]

/** Text in double quotes, up to the last quote of the line. */
export function quoted(what: string, empty: 'empty-allowed' | 'not-empty'): ArgForm<string> {
  const wanted = `${what} in double quotes`
  return {
    form: `"${what.replace(/^an? /, '').toUpperCase()}"`,
    parse: text => {
      const value = betweenQuotes(text)
      return value === undefined || (value === '' && empty === 'not-empty') ? { wanted } : { value }
    },
  }
}

/** True where a text has its two quotes, so that only its content can be wrong. */
export function isQuoted(text: string): boolean {
  return betweenQuotes(text) !== undefined
}

/** The first word of a text in double quotes; the only value that the original reads so is `load`. */
export const quotedWord: ArgForm<string> = {
  form: '"WORD"',
  parse: text => {
    const value = /\w+/.exec(betweenQuotes(text) ?? '')?.[0]
    return value === undefined ? { wanted: 'a word in double quotes' } : { value }
  },
}

/** Text with or without quotes. */
export function maybeQuoted(what: string, empty: 'empty-allowed' | 'not-empty'): ArgForm<string> {
  return {
    form: what,
    parse: text => {
      const value = betweenQuotes(text) ?? text
      return value === '' && empty === 'not-empty' ? { wanted: `a ${what.toLowerCase()}` } : { value }
    },
  }
}

/** One word with or without quotes, behind which only a comment may stand; for directives of ours. */
export function wordBeforeComment(text: string): string | null {
  const [, quotedWord, bare] = /^(?:"([^"]*)"|([^\s"#]+))\s*(?:#.*)?$/s.exec(text) ?? []
  return quotedWord ?? bare ?? null
}

/** Everything up to the end of the line. */
export function restOfLine(what: string, empty: 'empty-allowed' | 'not-empty'): ArgForm<string> {
  return {
    form: what,
    parse: text =>
      text === '' && empty === 'not-empty' ? { wanted: `a ${what.toLowerCase()}` } : { value: text },
  }
}

/** The first word (letters, digits, `_`, and `-` where a value has one), compared with a list. */
export function wordOf<const T extends string>(words: readonly T[], letters = /\w+/): ArgForm<T> {
  return {
    form: words.join('|'),
    parse: text => {
      const word = letters.exec(text)?.[0]
      const value = words.find(known => known === word)
      return value === undefined ? { wanted: `one of ${words.join(', ')}` } : { value }
    },
  }
}

/** The first piece of the value that a pattern finds. */
export function found(form: string, wanted: string, pattern: RegExp): ArgForm<string> {
  return {
    form,
    parse: text => {
      const value = pattern.exec(text)?.[0]
      return value === undefined ? { wanted } : { value }
    },
  }
}

/** Mail addresses; quotes go only where they enclose the whole value. */
export const mailAddresses: ArgForm<string> = {
  form: 'ADDRESS[,ADDRESS]',
  parse: text => {
    const value = /^"([^"]*)"$/.exec(text)?.[1] ?? text
    return value === '' ? { wanted: 'a mail address' } : { value }
  },
}

/** Host part and name of virtualhost: up to the next quote, without an opening one. */
export const hostName: ArgForm<string> = {
  form: 'HOSTNAME',
  parse: text => ({ value: /^"?([^"]*)/.exec(text)![1]! }),
}

const STATES = ['starting', 'running', 'stopping', 'reloading'] as const
const STATUS_WORDS: readonly string[] = ['all', 'none', ...STATES]

/** The words as the original splits them: blanks around a comma are free, empty words at the end are dropped. */
function alertWords(text: string): string[] {
  const words = text.split(/(?<![ \t\r\f\v])[ \t\r\f\v]*,[ \t\r\f\v]*/)
  while (words.length > 0 && words.at(-1) === '') words.pop()
  return words
}

export const alertStatus: ArgForm<readonly EmailAlertStatus[]> = {
  form: 'all|none|STATE[,STATE]',
  parse: (text): Parsed<readonly EmailAlertStatus[]> => {
    const words = alertWords(text)
    const wanted = 'all, none, or a list of starting, running, stopping, reloading'
    if (words.some(word => !STATUS_WORDS.includes(word))) return { wanted }
    if (words.includes('none') && words.some(word => word !== 'none'))
      return { wanted: 'none alone, or a list without it' }
    if (words.includes('all')) return { value: STATES }
    return { value: STATES.filter(state => words.includes(state)) }
  },
}

/** The original's words for a list that it refuses. */
export function alertStatusError(text: string): string {
  const words = alertWords(text)
  const unknown = words.find(word => !STATUS_WORDS.includes(word))
  if (unknown !== undefined) return `invalid email alert status at: "${unknown}"`
  const others = words.filter(word => word !== 'none')
  return `invalid email alert status: "${others[0]}" specified with "none"`
}
