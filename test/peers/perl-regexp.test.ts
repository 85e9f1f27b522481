// Compares the pattern matcher with the installed Perl: tens of thousands of generated patterns and texts.
import { spawnSync } from 'node:child_process'
import { createPrng, type Prng } from '../../src/base/prng.js'
import { compilePerlRegexp } from '../../src/ldirectord/checks/core/perl-regexp.js'
import { peerTest } from './require.js'

const test = peerTest('perl-base')

const PIECES = [
  'a',
  'b',
  'A',
  '1',
  '_',
  ' ',
  '\\n',
  '\n',
  '.',
  '^',
  '$',
  '\\A',
  '\\z',
  '\\Z',
  '\\b',
  '\\B',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\h',
  '\\v',
  '\\N',
  '\\R',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[[:upper:]b]',
  '[^[:space:]]',
  '[\\w-]',
  '[]a]',
  '[^]\\n]',
  '(',
  '(',
  '(?:',
  '(?=',
  '(?!',
  '(?<=',
  '(?<!',
  '(?>',
  '(?i)',
  '(?s)',
  '(?m)',
  '(?i:',
  '(?^:',
  '(?s-i:',
  ')',
  ')',
  ')',
  '|',
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '*+',
  '++',
  '?+',
  '{2}',
  '{1,2}',
  '{0,1}?',
  '{2,}',
  '\\1',
  '\\2',
  '\\g{-1}',
  '\\.',
  '\\x41',
  '\\101',
  '\\t',
  '{',
  '}',
  ']',
  '-',
  '(?#x)',
  '(?x)',
  '#',
]
const TEXT = [
  'a',
  'b',
  'A',
  'B',
  'c',
  '1',
  '_',
  ' ',
  '\n',
  '\n',
  '\r',
  '\t',
  '-',
  '\x85',
  '\xa0',
  '\xe9',
  '{',
  '.',
]

const word = (prng: Prng, from: readonly string[], max: number): string => {
  let text = ''
  for (let n = prng.between(0, max); n > 0; n--) text += prng.pick(from)
  return text
}

/** One line per case: hex of the pattern, hex of the text; answers 1, 0, or E when Perl refuses the pattern. */
const PERL = `
use strict; no warnings;
while (<STDIN>) { chomp; my ($p, $t) = map { pack("H*", $_) } split(/ /, $_, -1);
  my $answer = eval { $t =~ /$p/ ? 1 : 0 };
  print defined $answer ? $answer : "E", "\\n"; }
`

test('patterns match exactly where the installed Perl matches them', t => {
  const prng = createPrng(20_261_121)
  const cases: { pattern: string; text: string }[] = []
  for (let n = 0; n < 40_000; n++) cases.push({ pattern: word(prng, PIECES, 7), text: word(prng, TEXT, 8) })
  const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
  const perl = spawnSync('perl', ['-e', PERL], {
    input: cases.map(({ pattern, text }) => `${hex(pattern)} ${hex(text)}\n`).join(''),
    encoding: 'latin1',
    timeout: 60_000,
    maxBuffer: 1 << 22,
  })
  const answers = perl.stdout.split('\n')
  let compared = 0
  const wrong: string[] = []
  const refused = new Map<string, number>()
  for (const [n, { pattern, text }] of cases.entries()) {
    if (pattern === '') continue // to Perl an empty pattern means the last one that matched
    const compiled = compilePerlRegexp(pattern)
    const perlSays = answers[n]
    if (compiled.kind === 'refused') {
      refused.set(compiled.reason, (refused.get(compiled.reason) ?? 0) + (perlSays === 'E' ? 0 : 1))
      continue
    }
    const found = compiled.regexp.search(Buffer.from(text, 'latin1'))
    const weSay = found === 'match' ? '1' : found === 'none' ? '0' : '?'
    compared++
    // A stray { is an error to Perl after some atoms and a literal after others; here it always is a literal.
    if (perlSays === 'E' ? pattern.includes('{') : weSay === perlSays) continue
    wrong.push(`${JSON.stringify(pattern)} on ${JSON.stringify(text)}: ${found}, Perl says ${perlSays}`)
  }
  t.log(
    [...refused].map(([reason, count]) => `${count} refused although Perl knows it: ${reason}`).join('\n'),
  )
  t.log(`${compared} of ${cases.length} cases compared`)
  t.deepEqual(wrong.slice(0, 20), [])
  t.true(compared > cases.length / 4)
})
