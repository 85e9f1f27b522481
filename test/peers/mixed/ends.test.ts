/** One node of heartbeat 3.0.6, one of ours: who owns what after a node has gone and come back, by auto_failback. */
import { peerTest } from '../require.js'
import { LIVES } from './lives.js'
import { playMixed } from './play.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('auto_failback off and legacy: groups stay, or are asked for, as between two originals', async t => {
  const [off, legacy] = [LIVES.get('off')!, LIVES.get('legacy')!]
  await Promise.all([off, legacy].flatMap(life => [playMixed(t, life, 'alpha'), playMixed(t, life, 'beta')]))
})

test('a start alone, a second node that joins, a daemon killed while its addresses stay', async t => {
  const alone = LIVES.get('alone')!
  await Promise.all([playMixed(t, alone, 'alpha'), playMixed(t, alone, 'beta')])
})
