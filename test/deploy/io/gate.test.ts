import test from 'ava'
import { passing } from '../../../src/base/io/real-clock.js'
import { pass } from '../../../src/deploy/io/gate.js'
import { VirtualClock } from '../../virtual-clock.js'

const RULE = { rise: 2, intervalMs: 1_000, timeoutMs: 40_000 }

/** A gate whose probes have these outcomes; the one after them hangs until the limit cuts it off. */
async function gate(...outcomes: readonly (string | null)[]) {
  const clock = new VirtualClock()
  const left = [...outcomes]
  const probe = async (leftMs: number): Promise<string | null> => {
    const outcome = left.shift()
    if (outcome !== undefined) return outcome
    await passing(clock, leftMs)
    return 'no answer in time'
  }
  const why = await clock.during(pass(probe, RULE, clock))
  return { why, afterMs: clock.nowMs() }
}

test('a gate that was cut off names what was wrong before, not that the last probe was cut off', async t => {
  t.deepEqual(await gate('status 500'), { why: 'status 500', afterMs: RULE.timeoutMs })
  t.deepEqual(await gate(), { why: 'no answer in time', afterMs: RULE.timeoutMs })
})

test('passes in a row open the gate; a failure begins anew', async t => {
  t.deepEqual(await gate(null, 'status 500', null, null), { why: null, afterMs: 3 * RULE.intervalMs })
})

test('a host that fails again and again is refused when the time is over, not before', async t => {
  const faults = Array.from({ length: 100 }, () => 'status 500')
  t.deepEqual(await gate(...faults), { why: 'status 500', afterMs: RULE.timeoutMs })
})
