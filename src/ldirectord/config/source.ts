/**
 * The text of the file as lines, and diagnostics that point into it. Lines that may hold a password are shown with the
 * value masked, in diagnostics and in the original's messages alike.
 */
import type { Diagnostic, Fix, Severity, Span } from '../../syntax/diagnostic.js'
import { nearest } from '../../syntax/nearest.js'
import type { Finding } from './finding.js'

export interface Line {
  /** 1-based. */
  readonly number: number
  /** Without the newline; a carriage return stays. */
  readonly raw: string
  /** False for a last line without a newline. */
  readonly terminated: boolean
}

export interface Problem {
  readonly span: Span
  readonly severity: Severity
  readonly code: string
  readonly message: string
  readonly help?: string
  readonly fix?: Fix
  /** The original's text; absent where it says nothing. */
  readonly original?: string
  /** The line that the original names, where it is not the span's. */
  readonly originalLine?: number | null
}

const SUGGESTIONS_MAX = 1000
const SECRET_DIRECTIVES = ['passwd', 'secret', 'login']

export class Source {
  readonly file: string
  readonly lines: readonly Line[]
  #suggestions = 0

  constructor(text: string, file: string) {
    this.file = file
    const pieces = text.split('\n')
    const unterminated = pieces.at(-1) !== ''
    if (!unterminated) pieces.pop()
    this.lines = pieces.map((raw, i) => ({
      number: i + 1,
      raw,
      terminated: i + 1 < pieces.length || !unterminated,
    }))
  }

  /** "Did you mean"; given up after many, so that a file of something else is refused fast. */
  suggest(word: string, candidates: readonly string[]): string | null {
    return this.#suggestions++ < SUGGESTIONS_MAX ? nearest(word, candidates) : null
  }

  raw(line: number): string {
    return this.lines[line - 1]?.raw ?? ''
  }

  /** Where a piece of the text at `span` stands, or the whole of it when the piece is not found there. */
  within(span: Span, piece: string): Span {
    const at = piece === '' ? -1 : this.raw(span.line).indexOf(piece, span.column - 1)
    return at < 0 ? span : { line: span.line, column: at + 1, length: piece.length }
  }

  finding(problem: Problem): Finding {
    const { span, severity, code, message, help, fix, original, originalLine } = problem
    const diagnostic: Diagnostic = {
      file: this.file,
      span,
      severity,
      code,
      message,
      source: shown(this.raw(span.line)),
      ...(help === undefined ? {} : { help }),
      ...(fix === undefined ? {} : { fix }),
      ...(original === undefined ? {} : { original }),
    }
    const line = originalLine === undefined ? span.line : originalLine
    return {
      diagnostic,
      original:
        original === undefined
          ? null
          : { severity: severity === 'error' ? 'Error' : 'Warning', line, text: original },
    }
  }
}

export function isSecretDirective(name: string): boolean {
  return SECRET_DIRECTIVES.includes(name)
}

/** True where a line sets, or most likely was meant to set, a password. */
export function isSecret(raw: string): boolean {
  const name = /^\s*(\w{1,32})/.exec(raw)?.[1]
  return (
    name !== undefined && (/pass|pwd|secr|login/i.test(name) || nearest(name, SECRET_DIRECTIVES) !== null)
  )
}

/** The line as it may be shown. */
export function shown(raw: string): string {
  if (!isSecret(raw)) return raw
  return raw.replace(/^(\s*\w+[ \t]*=?[ \t]*).*$/s, '$1********')
}
