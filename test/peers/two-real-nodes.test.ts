/** One node runs heartbeat 3.0.6, the other ours; the original with itself says what it complains about anyway. */
import { livePair } from './pair-scenario.js'
import { peerTest } from './require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')
const usual = new Set<string>()

test('the scenario holds for two originals (so a failure below is ours)', async t => {
  const { alpha, beta } = await livePair(t, 'original', 'original')
  for (const line of [...alpha, ...beta]) usual.add(line)
})

test('an original alpha and our beta live together, and the original has no more to complain of', async t => {
  const { alpha } = await livePair(t, 'original', 'ours')
  t.deepEqual(
    [...alpha].filter(line => !usual.has(line)),
    [],
  )
})

test('our alpha and an original beta live together, and the original has no more to complain of', async t => {
  const { beta } = await livePair(t, 'ours', 'original')
  t.deepEqual(
    [...beta].filter(line => !usual.has(line)),
    [],
  )
})
