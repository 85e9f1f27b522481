/**
 * `receive` is a Perl regular expression, matched against the bytes of an answer without any flag (measured on
 * ldirectord 4.12: `.` stops at a newline, `$` matches before the last one). It is read and run here rather than
 * by JavaScript's RegExp, whose `$`, `\s`, `.` and captures mean other things and whose backtracking nobody can
 * interrupt: one `.*x.*` against a long line would stop all checks for minutes.
 */
import { Automaton } from './automaton.js'
import { searchBacktracking } from './backtracking.js'
import { parsePerlSyntax, type Refusal } from './perl-syntax.js'
import { compileProgram, INSTRUCTIONS_MAX } from './program.js'

export type { Refusal } from './perl-syntax.js'

export interface PerlRegexp {
  /** 'undecided': the pattern needs more steps on this text than a check may take. */
  search(text: Uint8Array): 'match' | 'none' | 'undecided'
}

export type CompiledRegexp =
  | { readonly kind: 'regexp'; readonly regexp: PerlRegexp }
  | ({ readonly kind: 'refused' } & Refusal)

/** Bounds one search to some tens of milliseconds. */
const AUTOMATON_STEPS_MAX = 5_000_000
const BACKTRACKING_STEPS_MAX = 500_000
const PATTERN_BYTES_MAX = 8_192

export function compilePerlRegexp(pattern: string): CompiledRegexp {
  const { bytes, characterAt } = toBytes(pattern)
  if (bytes.length > PATTERN_BYTES_MAX) {
    return { kind: 'refused', reason: `the pattern is longer than ${PATTERN_BYTES_MAX} bytes`, column: 1 }
  }
  const syntax = parsePerlSyntax(bytes)
  if ('reason' in syntax) {
    return { kind: 'refused', reason: syntax.reason, column: characterAt(syntax.column - 1) + 1 }
  }
  const program = compileProgram(syntax.root, syntax.captures)
  if (program === null) {
    const reason = `the repetitions written out are more than ${INSTRUCTIONS_MAX} steps`
    return { kind: 'refused', reason, column: 1 }
  }
  const automaton = program.regular ? new Automaton(program) : null
  return {
    kind: 'regexp',
    regexp: {
      search: text =>
        automaton === null
          ? searchBacktracking(program, text, BACKTRACKING_STEPS_MAX)
          : automaton.search(text, AUTOMATON_STEPS_MAX),
    },
  }
}

/** The pattern as Perl sees it: the bytes of the file, one character each; and the way back to characters. */
function toBytes(pattern: string): { bytes: string; characterAt: (byte: number) => number } {
  if (/^[\x00-\x7f]*$/.test(pattern)) return { bytes: pattern, characterAt: byte => byte }
  const owners: number[] = []
  let character = 0
  let bytes = ''
  for (const symbol of pattern) {
    const encoded = Buffer.from(symbol, 'utf8').toString('latin1')
    for (let n = 0; n < encoded.length; n++) owners.push(character)
    bytes += encoded
    character++
  }
  return { bytes, characterAt: byte => owners[byte] ?? character }
}
