/** Some 1700 small files, hand-made and mutated, against what the original made of them (record.md). */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { facts, type Recorded, recordedFacts } from './recorded.js'

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
    t.deepEqual(mine, recordedFacts(complete(probe), mine), probe.text)
  }
})
