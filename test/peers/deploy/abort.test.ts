/** ha-deploy killed in the middle of a step of its first host, then given up: nothing was verified, so all is as before. */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { killedAt } from './killed.js'
import { stage, states, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

test('killed at a step of its first host and given up, every host serves the old release with its weight', async t => {
  t.timeout(170_000)
  const site = await stage(t, 2)
  site.source('old')
  t.is((await site.deploy('run')).exitCode, 0)
  for (const step of ['prepare', 'drain', 'swap', 'rejoin']) {
    await delay(1_000)
    site.source(`new-${step}`)
    await killedAt(t, site, 'web1', step)
    const given = await site.deploy('abort')
    t.is(given.exitCode, 0, `${step} ${given.stdout}${given.stderr}`)
    t.deepEqual(site.hosts.map(version), ['old', 'old'])
    t.deepEqual(readdirSync(site.maintenance), [])
  }
  await until('both have their weight', 10_000, async () =>
    Object.values(await site.weights()).every(weight => weight === 2),
  )
  t.false(Object.values(states(site.hosts[0]!)).slice(1).includes('good'))
})
