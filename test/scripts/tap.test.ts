/** The counts of npm test. The lines are TAP 13 as ava prints it. */
import { pathToFileURL } from 'node:url'
import test from 'ava'

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}
interface Reader {
  readonly counts: Counts
  readonly skipped: readonly string[]
  push(chunk: string): void
  end(): void
}
const { tapReader } = (await import(pathToFileURL('scripts/tap.mjs').href)) as {
  tapReader: (print: (line: string) => void) => Reader
}

const TAP = `TAP version 13
ok 1 - a
not ok 2 - b
  ---
    name: AssertionError
    message: 'ok 9 - not a result'
  ...
ok 3 - c [needs root] # SKIP
not ok 4 - d # TODO
stray output
ok 5 - e
1..5
# tests 5
# pass 3
`

test('passes, failures and skips are counted, whatever the pieces in which they arrive', t => {
  for (const size of [1, 7, 1_000]) {
    const printed: string[] = []
    const reader = tapReader(line => printed.push(line))
    for (let at = 0; at < TAP.length; at += size) reader.push(TAP.slice(at, at + size))
    reader.end()
    t.deepEqual(reader.counts, { passed: 2, failed: 1, skipped: 2 })
    t.deepEqual(reader.skipped, ['c [needs root]', 'd'])
    t.deepEqual(printed, [
      'not ok 2 - b',
      '  ---',
      '    name: AssertionError',
      "    message: 'ok 9 - not a result'",
      '  ...',
      'stray output',
    ])
  }
})

test('a last line without an end counts too', t => {
  const reader = tapReader(() => {})
  reader.push('ok 1 - a\nnot ok 2 - b')
  reader.end()
  t.deepEqual(reader.counts, { passed: 1, failed: 1, skipped: 0 })
})
