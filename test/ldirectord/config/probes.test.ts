/** Some 1700 small files, hand-made and mutated, against what the original made of them (record.md). */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { facts, ours, type Recorded, recordedFacts } from './recorded.js'

const [defaults, ...probes] = readFileSync('test/ldirectord/config/probes.jsonl', 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => JSON.parse(line))

type Values = Readonly<Record<string, unknown>>

/** Values that are as in the first line are left out of the others; a null stands for one that is missing. */
function complete(probe: Recorded): Recorded {
  if (probe.exit !== 3) return probe
  return {
    ...probe,
    globals: { ...defaults.globals, ...probe.globals },
    virtuals: (probe.virtuals ?? []).map(values => ({ ...defaults.virtual, ...(values as Values) })),
  }
}

test('every probe is accepted or refused, said and understood as by the original', t => {
  t.true(probes.length > 1600)
  for (const probe of probes) {
    const mine = facts(probe.text)
    if (!refusedPattern(probe.text)) t.deepEqual(mine, recordedFacts(complete(probe), mine), probe.text)
  }
})

test('of what the original accepts only patterns are refused that Perl 5.36 refuses at each check, and {,n}, which older ones read otherwise', t => {
  const accepted = probes.filter(({ exit }) => exit === 3)
  const refused = accepted.filter(({ text }) => refusedPattern(text))
  for (const { stderr, text } of refused) t.is(facts(text).stderr, stderr)
  t.deepEqual(refused.map(({ text }) => refusedPattern(text)).sort(), [
    '2:32 (',
    '3:11 (',
    '3:11 (?{print 1})',
    '3:11 *',
    '3:11 [a',
    '3:11 \\',
    '3:13 \\Q(\\E',
    '3:16 a{,2}',
  ])
})

/** Line and column of a receive that is refused, and the pattern. */
function refusedPattern(text: string): string | null {
  const found = ours(text).linked.diagnostics.find(({ code }) => code === 'receive-pattern')
  if (!found?.span) return null
  const pattern = /"([^"]*)"[^"]*$/.exec(text.split('\n')[found.span.line - 1]!)![1]
  return `${found.span.line}:${found.span.column} ${pattern}`
}
