/** One node of heartbeat 3.0.6, one of ours: every move that an administrator can order, and ends of every kind. */
import { peerTest } from '../require.js'
import { LIVES } from './lives.js'
import { playMixed } from './play.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('hb_standby and hb_takeover with every argument, stop, return, crash: as two originals, in both roles', async t => {
  await Promise.all([playMixed(t, LIVES.get('on')!, 'alpha'), playMixed(t, LIVES.get('on')!, 'beta')])
})
