/**
 * ha-deploy killed with SIGKILL in the middle of each step of a run over two hosts, with real sshd and ldirectord:
 * `resume` ends where an unkilled run ends. And an interrupt, and a lost connection.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { journals, killedAt } from './killed.js'
import { stage, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

const STEPS: readonly (readonly [host: string | null, step: string])[] = [
  [null, 'beforeAll'],
  ['web1', 'prepare'],
  ['web1', 'drain'],
  ['web1', 'swap'],
  ['web1', 'switch'],
  ['web1', 'rejoin'],
  ['web1', 'keep'],
  ['web2', 'swap'],
]

test('killed at any step, the next run is refused with 8 and resume brings every host to the new release', async t => {
  t.timeout(170_000)
  const site = await stage(t, 2)
  site.configure({ hooks: 'on_switch = sleep 0.05\non_prepare = sleep 0.05' })
  site.source('start')
  t.is((await site.deploy('run')).exitCode, 0)
  for (const [host, step] of STEPS) {
    await delay(1_000)
    site.source(`${host}-${step}`)
    await killedAt(t, site, host, step)
    const refused = await site.deploy('run')
    t.is(refused.exitCode, 8, refused.stderr)
    t.regex(refused.stderr, /run \S+ of \S+ is unfinished at \S+/)
    const resumed = await site.deploy('resume')
    t.is(resumed.exitCode, 0, `${host}:${step} ${resumed.stdout}${resumed.stderr}`)
    t.deepEqual(site.hosts.map(version), [`${host}-${step}`, `${host}-${step}`])
    t.deepEqual(readdirSync(site.maintenance), [])
    for (const web of site.hosts)
      t.false(readdirSync(web.folder).includes('.ha-deploy.lock'), `${web.name} is unlocked`)
  }
  await until('both have their weight', 10_000, async () =>
    Object.values(await site.weights()).every(weight => weight === 2),
  )
})

test('an interrupt leaves a journal that resume goes on with; the status is 130', async t => {
  const site = await stage(t, 1)
  site.configure({ hooks: 'on_prepare = sleep 2' })
  site.source('one')
  const child = site.spawnDeploy('run')
  await until('it prepares', 10_000, () => journals(site).some(text => text.includes('"step":"prepare"')))
  child.kill('SIGINT')
  const status = await new Promise(resolve => child.once('exit', resolve))
  t.is(status, 130)
  t.is((await site.deploy('resume')).exitCode, 0)
  t.deepEqual(site.hosts.map(version), ['one'])
})

test('a connection that is lost during a step is made again and the run goes on', async t => {
  const site = await stage(t, 1)
  site.configure({ hooks: 'on_switch = sleep 2' })
  site.source('one')
  const child = site.spawnDeploy('run')
  await until('it switches', 15_000, () => journals(site).some(text => text.includes('"step":"switch"')))
  const [web] = site.hosts
  await web!.cutSessions()
  const status = await new Promise(resolve => child.once('exit', resolve))
  t.is(status, 0)
  t.deepEqual(site.hosts.map(version), ['one'])
})
