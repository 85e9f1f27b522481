// Expected results of the table are the answers of perl 5.36 (`$text =~ /$pattern/` on bytes).
import test from 'ava'
import fc from 'fast-check'
import { compilePerlRegexp } from '../../../src/ldirectord/checks/core/perl-regexp.js'

const search = (pattern: string, text: string): string => {
  const compiled = compilePerlRegexp(pattern)
  return compiled.kind === 'regexp' ? compiled.regexp.search(Buffer.from(text, 'latin1')) : compiled.reason
}

const TABLE: readonly [pattern: string, text: string, matches: boolean][] = [
  ['Line.OK', 'Line\nOK\n', false],
  ['OK$', 'Line\nOK\n', true],
  ['OK\\z', 'Line\nOK\n', false],
  ['^OK$', 'Line\nOK\n', false],
  ['(?m)^OK$', 'Line\nOK\n', true],
  ['(?s)Line.OK', 'Line\nOK\n', true],
  ['line', 'Line\nOK\n', false],
  ['(?i)line', 'Line\nOK\n', true],
  ['a.c', 'a\rc', true], // JavaScript's dot stops at \r
  ['OK$', 'OK\r\n', false],
  ['\\s', '\xa0', false], // JavaScript's \s knows more blanks
  ['\\h', '\xa0', true],
  ['\\w', '\xe9', false],
  ['é', 'caf\xc3\xa9', true], // the pattern's bytes are UTF-8, the answer's too
  ['(a)?\\1b', 'b', false], // JavaScript's \1 of an unset group is empty
  ['(?>a+)ab', 'aaab', false],
  ['a++b', 'aab', true],
  ['(\\w+) \\1', 'the the', true],
  ['(?<!un)happy', 'unhappy', false],
  ['(?<word>o)k\\k<word>', 'oko', true],
  ['[[:alpha:]]{3}[^[:digit:]]', 'abc1', false],
  ['\\x41\\102\\cI', 'AB\t', true],
  ['(?x) o k # both', 'ok', true],
  ['{2}', 'a{2}', true],
  ['a{2,}b|^$', 'aab', true],
  ['\\bok\\b', 'not_ok', false],
]

for (const [pattern, text, matches] of TABLE) {
  test(`/${pattern}/ ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}, as in Perl`, t => {
    t.is(search(pattern, text), matches ? 'match' : 'none')
  })
}

const REFUSED: readonly [pattern: string, column: number, reason: RegExp][] = [
  ['ab(c', 3, /has no \)/],
  ['ab)c', 3, /unmatched/],
  ['a**', 3, /follows a quantifier/],
  ['*a', 1, /follows nothing/],
  ['ab[c', 3, /has no \]/],
  ['x(?{ system("id") })', 2, /not supported/],
  ['é\\x{263a}', 2, /no character above/],
  ['(?1)', 1, /not supported/],
  ['a\\2(b)', 2, /no group 2/],
  ['(?<=a*)b', 1, /looks back/],
  ['\\', 1, /single/],
]

for (const [pattern, column, reason] of REFUSED) {
  test(`/${pattern}/ is refused at column ${column}`, t => {
    const compiled = compilePerlRegexp(pattern)
    t.is(compiled.kind, 'refused')
    if (compiled.kind !== 'refused') return
    t.is(compiled.column, column)
    t.regex(compiled.reason, reason)
  })
}

test('patterns that would keep a backtracking matcher busy for years are decided, or given up, at once', t => {
  const line = Buffer.alloc(300_000, 'a')
  const decide = (pattern: string): string => {
    const compiled = compilePerlRegexp(pattern)
    return compiled.kind === 'regexp' ? compiled.regexp.search(line) : compiled.reason
  }
  t.is(decide('(a+)+b'), 'none')
  t.is(decide('(a|aa|a.)*b$'), 'none')
  t.is(decide('.*x.*y'), 'none')
  t.is(decide('(a*)*(?=b)\\1c'), 'undecided') // needs memory: counted and stopped
})

test('a huge repetition is refused rather than written out', t => {
  t.is(compilePerlRegexp('(?:(?:a{1000}){1000}){1000}').kind, 'refused')
})

test('no pattern and no text makes the matcher throw', t => {
  const piece = fc.constantFrom(
    'a',
    '(',
    ')',
    '[',
    ']',
    '*',
    '+',
    '?',
    '{2}',
    '|',
    '\\',
    '^',
    '$',
    '(?',
    '<',
    '=',
    '!',
    ':',
    '1',
    '-',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.uint8Array({ maxLength: 20 }), (pieces, text) => {
      const compiled = compilePerlRegexp(pieces.join(''))
      if (compiled.kind === 'regexp') return compiled.regexp.search(text) !== undefined
      return compiled.column >= 1 && compiled.column <= pieces.join('').length + 1
    }),
    { numRuns: 3000 },
  )
  t.pass()
})
