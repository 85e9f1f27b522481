import test from 'ava'
import { pass } from '../../../src/deploy/io/gate.js'

/** Probes with these outcomes; the last one hangs until the limit cuts it off. */
function probes(...outcomes: readonly (string | null)[]) {
  const left = [...outcomes]
  return async (leftMs: number): Promise<string | null> => {
    const outcome = left.shift()
    if (outcome !== undefined) return outcome
    await new Promise(resolve => setTimeout(resolve, leftMs + 2))
    return 'no answer in time'
  }
}
const rule = { rise: 2, intervalMs: 1, timeoutMs: 40 }

test('a gate that was cut off names what was wrong before, not that the last probe was cut off', async t => {
  t.is(await pass(probes('status 500'), rule), 'status 500')
  t.is(await pass(probes(), rule), 'no answer in time')
})

test('passes in a row open the gate; a failure begins anew', async t => {
  t.is(await pass(probes(null, 'status 500', null, null), rule), null)
})
