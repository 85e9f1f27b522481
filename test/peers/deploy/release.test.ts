/** ha-deploy against real sshd, real web servers and a real ldirectord: a release, bad releases, and the way back. */

import { peerTest } from '../require.js'
import { clients, stage, states, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

test('a release reaches every host, one after the other, and no client sees an error', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const first = await site.deploy('run')
  t.is(first.exitCode, 0, first.stdout + first.stderr)
  const load = clients(t, site.url, 20)
  site.source('two')
  const second = await site.deploy('run')
  const asked = await load.stop()
  t.is(second.exitCode, 0, second.stdout + second.stderr)
  t.deepEqual(site.hosts.map(version), ['two', 'two'])
  t.deepEqual(load.failures, [])
  t.true(asked > 20, `${asked} requests`)
  t.deepEqual(await site.weights(), { web1: 2, web2: 2 })
  t.deepEqual(Object.values(states(site.hosts[0]!)), ['good', 'good'])
  t.log(second.stdout)
})
