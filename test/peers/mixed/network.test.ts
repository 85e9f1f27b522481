/** One node of heartbeat 3.0.6, one of ours, and a network that loses packets, all of them for a while, or is late. */
import { peerTest } from '../require.js'
import { LIVES } from './lives.js'
import { playMixed } from './play.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('20 % loss, late heartbeats, partition and heal: what ours runs never stops', async t => {
  const network = LIVES.get('network')!
  await Promise.all([playMixed(t, network, 'alpha'), playMixed(t, network, 'beta')])
})

test('keys are changed one node after the other, and nobody is declared dead', async t => {
  const keys = LIVES.get('keys')!
  await Promise.all([playMixed(t, keys, 'alpha'), playMixed(t, keys, 'beta')])
})
