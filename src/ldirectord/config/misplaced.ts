/**
 * A line that is no directive where it stands. Why is worth finding out: most often an empty line or a lack of blanks
 * has ended a section, or a word is mistyped.
 */
import type { Fix, Span } from '../../syntax/diagnostic.js'
import { globalDirectives } from './directives-global.js'
import { virtualDirectives } from './directives-virtual.js'
import type { Finding } from './finding.js'
import type { Line, Source } from './source.js'
import { unknownCommand } from './statement.js'
import type { Section } from './tree.js'

export interface Misplaced {
  readonly source: Source
  readonly line: Line
  readonly place: 'global' | 'section'
  /** The section before, and the line that ended it. */
  readonly ended: { readonly section: Section; readonly line: number; readonly blank: boolean } | null
}

interface Explanation {
  readonly code: string
  readonly message: string
  readonly help: string
  readonly fix?: Fix
  readonly span?: Span
  /** The line was meant for the section before, which goes on. */
  readonly reopen?: true
}

const GLOBALS = [...Object.keys(globalDirectives), 'virtual', 'virtual6']
const SECTION = Object.keys(virtualDirectives)

export function unknownLine(misplaced: Misplaced): { finding: Finding; reopen: boolean } {
  const { source, line, place } = misplaced
  const trimmed = line.raw.trim()
  const indent = line.raw.length - line.raw.trimStart().length
  const span = { line: line.number, column: indent + 1, length: trimmed.length }
  const word = /^[ \t\r\f\v]*(\w+)/.exec(line.raw)?.[1] ?? ''
  const known = place === 'section' ? inSection(word, line) : outside(misplaced, word, indent)
  const { reopen = false, ...explanation } = known ?? unknownWord(misplaced, word, trimmed)
  const original = unknownCommand(line, place)
  return { finding: source.finding({ span, severity: 'error', ...explanation, original }), reopen }
}

function inSection(word: string, line: Line): Explanation | null {
  if (line.raw.trim() === '') {
    const whole = { line: line.number, column: 1, length: line.raw.length }
    return {
      code: 'blank-line',
      message: 'a line of a virtual section wants a directive; found only blanks',
      help: 'remove the line, or write # in it',
      fix: { description: 'write # in the line', edits: [{ ...whole, text: '#' }] },
      span: whole,
    }
  }
  if (Object.hasOwn(virtualDirectives, word)) return noEquals(word)
  if (Object.hasOwn(globalDirectives, word)) {
    return {
      code: 'global-in-section',
      message: `${word} is a global directive; found it in a virtual section`,
      help: `write it in column 1, in front of the first virtual= line`,
    }
  }
  return null
}

function outside(misplaced: Misplaced, word: string, indent: number): Explanation | null {
  const { line, ended } = misplaced
  const isSectionWord = Object.hasOwn(virtualDirectives, word) && /^\s*\w+\s*=/.test(line.raw)
  if (isSectionWord && indent > 0 && ended !== null) return leftSection(line, ended, indent)
  if (indent > 0 && (Object.hasOwn(globalDirectives, word) || word.startsWith('virtual'))) {
    return {
      code: 'indented-global',
      message: `${word} wants to stand in column 1; found ${indent === 1 ? 'a blank' : 'blanks'} in front of it`,
      help: 'remove the blanks in front of the line',
      fix: {
        description: 'remove the blanks in front of the line',
        edits: [{ line: line.number, column: 1, length: indent, text: '' }],
      },
    }
  }
  if (isSectionWord) {
    return {
      code: 'outside-section',
      message: `${word} belongs into a virtual section; found it outside`,
      help: 'write it behind a virtual= line, with a tab in front',
    }
  }
  return Object.hasOwn(globalDirectives, word) && indent === 0 ? noEquals(word) : null
}

function leftSection(line: Line, ended: NonNullable<Misplaced['ended']>, indent: number): Explanation {
  const virtual = `virtual${ended.section.family === 6 ? '6' : ''}=${ended.section.text}`
  if (ended.line === line.number) {
    return {
      code: 'too-few-blanks',
      message: `a line of a virtual section wants a tab or at least 4 blanks in front; found ${indent}`,
      help: 'put a tab in front of the line',
      fix: {
        description: 'put a tab in front of the line',
        edits: [{ line: line.number, column: 1, length: indent, text: '\t' }],
      },
      reopen: true,
    }
  }
  const blank = { line: ended.line, column: 1, length: 0, text: '#' }
  return {
    code: 'section-ended',
    message: `this line stands outside: line ${ended.line} has ended the section of ${virtual}`,
    help: ended.blank
      ? `remove the empty line ${ended.line}, or write # in it`
      : `write the line above line ${ended.line}`,
    ...(ended.blank ? { fix: { description: `write # in line ${ended.line}`, edits: [blank] } } : {}),
    reopen: true,
  }
}

function noEquals(word: string): Explanation {
  return {
    code: 'missing-value',
    message: `${word} wants = and a value`,
    help: `write ${word}=VALUE`,
  }
}

function unknownWord({ source, line, place }: Misplaced, word: string, trimmed: string): Explanation {
  const asComment = {
    help: 'remove the line, or write # in front of it',
    fix: {
      description: 'write # in front of the line',
      edits: [{ line: line.number, column: 1, length: 0, text: '# ' }],
    },
  }
  if (/^\.+$/.test(trimmed)) {
    const message = `unknown directive "${trimmed.slice(0, 32)}"; a line of dots is no comment`
    return { code: 'unknown-directive', message, ...asComment }
  }
  const near = word === '' ? null : source.suggest(word, place === 'global' ? GLOBALS : SECTION)
  const said = word === '' ? trimmed.slice(0, 32) : word
  const message = `unknown directive "${said}"${near === null ? '' : `; did you mean ${near}?`}`
  // A line of prose can only have been meant as a comment; one with a value may have been meant for something.
  if (near === null && !trimmed.includes('=')) return { code: 'unknown-directive', message, ...asComment }
  return { code: 'unknown-directive', message, help: near === null ? asComment.help : `write ${near}=` }
}
