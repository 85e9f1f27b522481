/**
 * Lines and words of ha.cf and authkeys, each with its place, so that a diagnostic can point at it. The cutting
 * follows heartbeat 3.0.6: `#` starts a comment anywhere, CR and LF are dropped, blanks end a directive name,
 * blanks and commas separate values.
 */
import type { Span } from '../../syntax/diagnostic.js'

/** The original reads lines into a buffer of 5120 bytes; what is longer falls apart into several lines. */
export const LINE_BYTES_MAX = 5119

/** A part of a line: what a diagnostic needs to show it. */
export interface Place {
  readonly span: Span
  readonly source: string
}

export interface Word extends Place {
  readonly text: string
}

export interface Line {
  readonly number: number
  /** As written, without its line end. */
  readonly source: string
  /** Without comment and outer blanks; empty for a line that says nothing. */
  readonly text: string
  /** Where `text` starts, from 0. */
  readonly offset: number
}

export function placeOf(line: Line, offset: number, length: number): Place {
  return { span: { line: line.number, column: offset + 1, length: Math.max(length, 1) }, source: line.source }
}

/** All lines of a file, comments cut off at `#` unless told otherwise. */
export function linesOf(text: string, comments: 'anywhere' | 'whole-line' = 'anywhere'): Line[] {
  const sources = text.split('\n')
  if (sources.at(-1) === '') sources.pop()
  return sources.map((raw, index) => {
    const source = raw.replace(/\r+$/, '')
    const hash = comments === 'anywhere' ? source.indexOf('#') : source.trimStart().startsWith('#') ? 0 : -1
    const said = hash < 0 ? source : source.slice(0, hash)
    return { number: index + 1, source, text: said.trim(), offset: said.length - said.trimStart().length }
  })
}

/** The words of a line's text from `start` (counted in the text) on, separated by what `separator` matches. */
export function wordsOf(line: Line, start = 0, separator = /[\s,]+/y): Word[] {
  const words: Word[] = []
  const { text } = line
  let at = start
  const wordEnd = (from: number): number => {
    for (let end = from; end < text.length; end++) {
      separator.lastIndex = end
      if (separator.test(text)) return end
    }
    return text.length
  }
  while (at < text.length) {
    separator.lastIndex = at
    if (separator.test(text)) {
      at = separator.lastIndex
      continue
    }
    const end = wordEnd(at)
    words.push({ text: text.slice(at, end), ...placeOf(line, line.offset + at, end - at) })
    at = end
  }
  return words
}
