/** Every file of the corpus, against what the original made of it (record.sh). */
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import {
  globalFacts,
  ours,
  ownFallback,
  plainFallback,
  type Recorded,
  recordedGlobalFacts,
  recordedVirtualFacts,
  virtualFacts,
} from './recorded.js'

const CORPUS = process.env.LDIRECTORD_CORPUS ?? 'test/ldirectord/config/corpus'
const names = readdirSync(CORPUS)
  .filter(name => name.endsWith('.cf'))
  .map(name => name.slice(0, -3))

for (const name of names) {
  test(`${name}: accepted or refused, said and understood as by the original`, t => {
    const text = readFileSync(`${CORPUS}/${name}.cf`, 'latin1')
    const recorded: Recorded = JSON.parse(readFileSync(`${CORPUS}/${name}.record.json`, 'latin1'))
    const { linked, stderr } = ours(text)
    t.is(stderr, recorded.stderr)
    t.is(linked.config === null, recorded.exit === 2)
    if (linked.config === null || recorded.globals === undefined) return
    t.deepEqual(globalFacts(linked.config), recordedGlobalFacts(recorded.globals))
    const virtuals = recorded.virtuals ?? []
    const mine = linked.config.virtuals
    t.deepEqual(
      mine.map(virtualFacts),
      virtuals.map((virtual, i) => recordedVirtualFacts(virtual, mine[i])),
    )
    for (const [i, virtual] of virtuals.entries()) {
      const fallback = ownFallback(virtual)
      if (fallback !== null) t.deepEqual(plainFallback(mine[i]!.fallback), fallback)
    }
  })
}
