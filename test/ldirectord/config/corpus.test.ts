/** Every file of the corpus, against what the original made of it (record.md). */
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { facts, type Recorded, recordedFacts } from './recorded.js'

const CORPUS = process.env.LDIRECTORD_CORPUS ?? 'test/ldirectord/config/corpus'
const names = readdirSync(CORPUS)
  .filter(name => name.endsWith('.cf'))
  .map(name => name.slice(0, -3))

for (const name of names) {
  test(`${name}: accepted or refused, said and understood as by the original`, t => {
    const recorded: Recorded = JSON.parse(readFileSync(`${CORPUS}/${name}.record.json`, 'latin1'))
    const mine = facts(readFileSync(`${CORPUS}/${name}.cf`, 'latin1'))
    t.deepEqual(mine, recordedFacts(recorded, mine))
  })
}
