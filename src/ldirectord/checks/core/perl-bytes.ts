/** The parts of a Perl pattern that stand for one byte: escapes with a code or a letter, and classes in brackets. */
import {
  addAll,
  type ByteSet,
  complement,
  ESCAPED_CLASSES,
  emptySet,
  foldCase,
  POSIX_CLASSES,
} from './byte-set.js'
import type { PatternCursor } from './pattern-cursor.js'
import type { Node } from './perl-tree.js'

const LETTERS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, e: 27, a: 7 }

/** An escape that stands for one byte, outside and inside of brackets. */
export function readByteEscape(cursor: PatternCursor): number {
  const start = cursor.at
  const hex = cursor.match(/\\x\{\s*([0-9A-Fa-f_]+)\s*\}|\\N\{U\+([0-9A-Fa-f]+)\}|\\x([0-9A-Fa-f]{0,2})/)
  if (hex)
    return byteOf(
      cursor,
      Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!.replaceAll('_', '') || '0', 16),
      start,
    )
  const octal = cursor.match(/\\o\{([0-7]+)\}|\\([0-7]{1,3})/)
  if (octal) return byteOf(cursor, Number.parseInt((octal[1] ?? octal[2])!, 8), start)
  const control = cursor.match(/\\c([?-_a-z])/)
  if (control) return control[1]!.toUpperCase().charCodeAt(0) ^ 64
  const letter = cursor.peek(1)
  if (/[pPXNGogkCx1-9cKRBbAzZ]/.test(letter)) cursor.refuse(`\\${letter} is not supported here`, start)
  cursor.at += 2
  // An unknown letter stands for itself; Perl only warns (\Q and \E too: a pattern from a file is not quoted text).
  return LETTERS[letter] ?? letter.charCodeAt(0)
}

function byteOf(cursor: PatternCursor, code: number, at: number): number {
  if (!(code <= 255)) cursor.refuse('answers are matched as bytes: no character above \\xff', at)
  return code
}

export function readBracket(cursor: PatternCursor, ignoreCase: boolean): Node {
  const start = cursor.at++
  const negated = cursor.take('^')
  const set = emptySet()
  for (let first = true; first || cursor.peek() !== ']'; first = false) {
    if (cursor.peek() === '') cursor.refuse('this [ has no ]', start)
    const low = classItem(cursor, set)
    if (low === null || cursor.peek() !== '-' || cursor.peek(1) === ']' || cursor.peek(1) === '') {
      if (low !== null) set[low] = 1
      continue
    }
    const dash = cursor.at++
    const high = classItem(cursor, set)
    if (high === null) {
      set[low] = set[45] = 1 // [a-\d]: Perl takes the dash literally
      continue
    }
    if (high < low) cursor.refuse('the range runs backwards', dash)
    set.fill(1, low, high + 1)
  }
  cursor.at++
  const folded = ignoreCase ? foldCase(set) : set
  return { kind: 'set', set: negated ? complement(folded) : folded }
}

/** One member of a class: a byte, or null when it was a whole class that is now in `set`. */
function classItem(cursor: PatternCursor, set: ByteSet): number | null {
  const start = cursor.at
  const posix = cursor.match(/\[:(\^?)(\w+):\]/)
  if (posix) {
    const named = POSIX_CLASSES[posix[2]!]
    if (!named) cursor.refuse(`there is no class [:${posix[2]}:]`, start)
    addAll(set, posix[1] ? complement(named) : named)
    return null
  }
  if (/^\[[.=]/.test(cursor.text.slice(cursor.at, cursor.at + 2)))
    cursor.refuse('[. .] and [= =] are reserved by Perl')
  if (cursor.peek() !== '\\') return cursor.text.charCodeAt(cursor.at++)
  const letter = cursor.peek(1)
  const escaped = ESCAPED_CLASSES[letter]
  if (escaped && letter !== 'N') {
    cursor.at += 2
    addAll(set, escaped)
    return null
  }
  if (letter === 'b') {
    cursor.at += 2
    return 8
  }
  return readByteEscape(cursor)
}
