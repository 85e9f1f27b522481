/** Both nodes run our heartbeat, as installed programs would in two machines. */
import { livePair } from './pair-scenario.js'
import { peerTest } from './require.js'

// The Debian package heartbeat brings the resource scripts' folders that the rig copies.
const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('two of our nodes meet, take over after a SIGKILL, fail back and stop in good order, without one ERROR', async t => {
  const { alpha, beta } = await livePair(t, 'ours', 'ours')
  t.deepEqual([...alpha, ...beta], [])
})
