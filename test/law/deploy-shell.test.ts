/** No value ever becomes shell text: what a real sh gets as its words is what was handed in, whatever it holds. */
import { spawnSync } from 'node:child_process'
import test from 'ava'
import fc from 'fast-check'
import { printScript } from '../../src/deploy/codec/shell-script.js'

const PRINT = `for word do printf '%s\\0' "$word"; done`

function wordsSeen(shell: readonly string[], words: readonly string[]): string[] {
  const [file = '', ...args] = shell
  const run = spawnSync(file, [...args, '-eu'], { input: printScript(PRINT, words)!, encoding: 'utf8' })
  return run.stdout.split('\0').slice(0, -1)
}

const HARD = [
  "'",
  "''",
  '$(id)',
  '`id`',
  '\\',
  "\\'",
  '"',
  '$HOME',
  '!',
  '*',
  ' ',
  '',
  '\n',
  "'\n'",
  '-e',
  '--',
  ';',
  '&',
  '|',
  '#',
  '\t',
  'é',
  '${',
  '\r',
]

test('every hard word reaches sh as it is', t => {
  t.deepEqual(wordsSeen(['sh'], HARD), HARD)
  t.deepEqual(wordsSeen(['bash'], HARD), HARD)
})

test('any words reach sh as they are', t => {
  const word = fc.oneof(
    fc
      .string({ unit: 'binary', maxLength: 20 })
      .map(text => text.replaceAll('\0', '').replace(/[\ud800-\udfff]/g, '')),
    fc.array(fc.constantFrom(...HARD), { maxLength: 6 }).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), words =>
      t.deepEqual(wordsSeen(['sh'], words), words),
    ),
    { numRuns: 60 },
  )
})

test('a word that no shell can hold is refused', t => {
  t.is(printScript(PRINT, ['a\0b']), null)
})

test('a script that was cut anywhere does nothing', t => {
  const script = printScript('printf done', ['a', 'b'])!
  for (let length = 0; length < script.length - 1; length++) {
    const cut = script.slice(0, length)
    t.is(spawnSync('sh', ['-eu'], { input: cut, encoding: 'utf8' }).stdout, '', cut)
  }
})

test('a child of a script cannot eat the rest of it', t => {
  const run = spawnSync('sh', ['-eu'], { input: printScript('cat; printf end', [])!, encoding: 'utf8' })
  t.is(run.stdout, 'end')
})
