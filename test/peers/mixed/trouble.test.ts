/** One node of heartbeat 3.0.6, one of ours: what goes wrong on a node rather than between the two. */
import { peerTest } from '../require.js'
import { LIVES } from './lives.js'
import { playMixed } from './play.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

test('a start and a stop that fail here, and a node restored from a backup', async t => {
  const lives = [LIVES.get('failures')!, LIVES.get('restored')!]
  await Promise.all(lives.flatMap(life => [playMixed(t, life, 'alpha'), playMixed(t, life, 'beta')]))
})

test('the packaged ipfail and ccm of both nodes agree, and ping loss moves the resources', async t => {
  const ping = LIVES.get('ping')!
  await Promise.all([playMixed(t, ping, 'alpha'), playMixed(t, ping, 'beta')])
})
