import test from 'ava'
import fc from 'fast-check'
import { mended, unifiedDiff } from '../../src/lint/mend.js'
import type { Diagnostic, TextEdit } from '../../src/syntax/diagnostic.js'

const withEdits = (...edits: TextEdit[]): Diagnostic => ({
  file: 'f',
  span: null,
  severity: 'warning',
  code: 'c',
  message: 'm',
  fix: { description: 'd', edits },
})

test('edits of one line are made from right to left, so that columns stay right', t => {
  const diagnostics = [
    withEdits({ line: 1, column: 1, length: 1, text: 'long' }),
    withEdits({ line: 1, column: 3, length: 1, text: '' }),
    withEdits({ line: 2, column: 2, length: 0, text: '!' }),
  ]
  t.is(mended('a b\nc\n', diagnostics), 'long \nc!\n')
})

test('of two fixes that touch each other only one is made', t => {
  const diagnostics = [
    withEdits({ line: 1, column: 1, length: 2, text: 'x' }),
    withEdits({ line: 1, column: 2, length: 2, text: 'y' }),
  ]
  t.is(mended('abc', diagnostics), 'ay')
})

test('without fixes there is nothing to write', t => {
  t.is(mended('abc', []), null)
  t.is(mended('abc', [withEdits({ line: 1, column: 1, length: 1, text: 'a' })]), null)
})

test('the diff is unified, with three lines around each change', t => {
  const before = 'a\nb\nc\nd\ne\nf\n'
  // As `diff -u` prints it.
  t.is(
    unifiedDiff('x', before, before.replace('e', 'E'), line => line),
    ['--- x', '+++ x', '@@ -2,5 +2,5 @@', ' b', ' c', ' d', '-e', '+E', ' f'].join('\n'),
  )
})

test('two changes far apart make two hunks, near ones make one', t => {
  const before = Array.from({ length: 20 }, (_, n) => `${n}\n`).join('')
  const hunks = (after: string) => unifiedDiff('x', before, after, line => line).match(/^@@/gm)?.length
  t.is(hunks(before.replace('\n2\n', '\nX\n').replace('\n17\n', '\nY\n')), 2)
  t.is(hunks(before.replace('\n2\n', '\nX\n').replace('\n9\n', '\nY\n')), 1)
})

test('what may not be shown is hidden in changes and around them', t => {
  const diff = unifiedDiff('x', 'passwd=a\nb\n', 'passwd=a\nc\n', line => line.replace(/=.*/, '=***'))
  t.is(diff, ['--- x', '+++ x', '@@ -1,2 +1,2 @@', ' passwd=***', '-b', '+c'].join('\n'))
})

test('the lines of a diff without + are the text before, without - the text after', t => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(text, fc.infiniteStream(fc.boolean()), (lines, coin) => {
      const after = lines.map(line => (coin.next().value ? line : `${line}!`))
      const [old, now] = [lines, after].map(all => all.map(line => `${line}\n`).join('')) as [string, string]
      const body = unifiedDiff('x', old, now, line => line)
        .split('\n')
        .slice(2)
      const side = (skip: string) =>
        body.filter(line => line[0] !== skip && line[0] !== '@' && line !== '').map(line => line.slice(1))
      const [minus, plus] = [side('+'), side('-')]
      t.true(lines.join(' ').includes(minus.join(' ')) || body.filter(line => line[0] === '@').length > 1)
      t.is(minus.length, plus.length)
    }),
  )
})
