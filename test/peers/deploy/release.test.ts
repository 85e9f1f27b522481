/** ha-deploy against real sshd, real web servers and a real ldirectord: a release, bad releases, and the way back. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { clients, current, stage, states, version } from './stage.js'

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

test('a release that fails its gate goes back by itself; later hosts are not touched; the status is 5', async t => {
  const site = await stage(t, 3)
  site.source('one')
  t.is((await site.deploy('run')).exitCode, 0)
  const good = current(site.hosts[0]!)
  const load = clients(t, site.url, 20)
  site.source('two')
  site.hosts[1]!.sabotage = release => (release === good ? null : 500)
  const bad = await site.deploy('run')
  await load.stop()
  t.is(bad.exitCode, 5, bad.stdout + bad.stderr)
  t.regex(bad.stdout, /web2 .*rolledBack .*gate: status 500/)
  t.deepEqual(site.hosts.map(version), ['two', 'one', 'one'])
  t.deepEqual(await site.weights(), { web1: 2, web2: 2, web3: 2 })
  t.deepEqual(load.failures, [])
  t.deepEqual(Object.values(states(site.hosts[1]!)), ['good', 'bad'])
  t.deepEqual(readdirSync(site.maintenance), [], 'no mark and no lock is left')
})

test('a host whose old release fails too stays at weight 0 and is reported as held; the status is 6', async t => {
  const site = await stage(t, 2)
  site.source('one')
  t.is((await site.deploy('run')).exitCode, 0)
  site.configure({
    hooks: `on_fail = local: printf '%s %s' "$HA_DEPLOY_HOST" "$HA_DEPLOY_RELEASE" >${site.folder}/told`,
  })
  site.source('two')
  site.hosts[0]!.sabotage = () => 500
  const bad = await site.deploy('run')
  t.is(bad.exitCode, 6, bad.stdout + bad.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  t.is((await site.weights()).web1, 0)
  t.regex(readFileSync(`${site.folder}/told`, 'utf8'), /^web1 \d{14}$/)
  // Once it was looked at, it comes back by hand.
  site.hosts[0]!.sabotage = () => null
  t.is((await site.deploy('undrain', 'web1')).exitCode, 0)
  await until('web1 has its weight', 10_000, async () => (await site.weights()).web1 === 2)
})

test('a second run is refused with 3 and named who is at work', async t => {
  const site = await stage(t, 1)
  site.source('one')
  site.configure({ hooks: `on_prepare = "touch ${site.folder}/begun; sleep 3"` })
  const first = site.spawnDeploy('run')
  await until('the first run is at work', 10_000, () => existsSync(`${site.folder}/begun`))
  const second = await site.deploy('run')
  t.true(second.exitCode === 3 || second.exitCode === 8, second.stderr)
  // From another machine nothing is known of its journal: the lock on the host speaks.
  const elsewhere = { ...site.env, HA_VARLIB: `${site.folder}/elsewhere` }
  const third = await site.deployIn(elsewhere, 'run')
  t.is(third.exitCode, 3, third.stderr)
  t.regex(third.stderr, /locked on web1 by run \d{14}-[0-9a-f]{6} of \S+ on \S+ since .*: release/)
  await new Promise(resolve => first.once('exit', resolve))
  t.is(first.exitCode, 0)
})

test('a changed host key ends the run with 4 before anything is drained', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const known = readFileSync(`${site.folder}/known_hosts`, 'utf8').trim().split('\n')
  const keys = known.map(line => line.split(' ').slice(1).join(' '))
  writeFileSync(
    `${site.folder}/known_hosts`,
    known.map((line, at) => `${line.split(' ')[0]} ${keys[1 - at]}\n`).join(''),
  )
  const run = await site.deploy('run')
  t.is(run.exitCode, 4)
  t.regex(run.stderr, /the host key changed: it shows SHA256:\S+, \S+known_hosts:\d has another one/)
  t.deepEqual(await site.weights(), { web1: 2, web2: 2 })
  t.false(existsSync(`${site.hosts[0]!.folder}/releases`))
  writeFileSync(`${site.folder}/known_hosts`, '')
  const unknown = await site.deploy('run')
  t.is(unknown.exitCode, 4)
  t.regex(unknown.stderr, /the host key SHA256:\S+ is not in /)
})

test('current as a directory is refused, and adopted when that is asked for', async t => {
  const site = await stage(t, 1)
  const [host] = site.hosts
  mkdirSync(`${host!.folder}/current`)
  writeFileSync(`${host!.folder}/current/version`, 'grown\n')
  site.source('one')
  const refused = await site.deploy('run')
  t.is(refused.exitCode, 4)
  t.regex(refused.stderr, /current is a directory; with --adopt/)
  t.is(version(host!), 'grown')
  const adopted = await site.deploy('run', '--adopt')
  t.is(adopted.exitCode, 0, adopted.stdout + adopted.stderr)
  t.is(version(host!), 'one')
  const back = await site.deploy(
    'rollback',
    '--to',
    Object.keys(states(host!)).find(id => id.endsWith('-adopted'))!,
  )
  t.is(back.exitCode, 0, back.stdout + back.stderr)
  t.is(version(host!), 'grown')
})

test('a rollback goes to the last good release, past bad and unfinished ones, and deletes nothing', async t => {
  const site = await stage(t, 2)
  for (const text of ['one', 'two']) {
    site.source(text)
    t.is((await site.deploy('run')).exitCode, 0)
    await delay(1_100) // ids are seconds
  }
  const [host] = site.hosts
  // An upload that was cut, newer than everything else.
  mkdirSync(`${host!.folder}/releases/20991231235959`)
  const state = { id: '20991231235959', run: 'x', digest: null, state: 'unfinished', times: {} }
  writeFileSync(`${host!.folder}/releases/20991231235959/.ha-release.json`, JSON.stringify(state))
  const before = readdirSync(`${host!.folder}/releases`)
  const startMs = performance.now()
  const back = await site.deploy('rollback', '--fast')
  t.log(`rollback --fast of 2 hosts: ${Math.round(performance.now() - startMs)} ms`)
  t.is(back.exitCode, 0, back.stdout + back.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  t.deepEqual(readdirSync(`${host!.folder}/releases`), before)
  const again = await site.deploy('rollback')
  t.is(again.exitCode, 4)
  t.regex(again.stderr, /there is no good release before/)
  // Now old ones may go, but never what is served.
  site.configure({ deploy: 'keep = 1' })
  const pruned = await site.deploy('prune', 'web1')
  t.is(pruned.exitCode, 0, pruned.stderr)
  t.is(pruned.stdout, `web1 pruned ${before[1]}\n`)
  t.deepEqual(readdirSync(`${host!.folder}/releases`), [before[0]!, '20991231235959'])
  t.is(version(host!), 'one')
})

test('a batch that would leave less than min_up shrinks, and stops when not even one host can go', async t => {
  const site = await stage(t, 3)
  site.source('one')
  site.configure({ deploy: 'min_up = 30%\nbatch = 100%' })
  const shrunk = await site.deploy('run')
  t.is(shrunk.exitCode, 0, shrunk.stdout + shrunk.stderr)
  t.true((shrunk.stdout.match(/capacity ok/g) ?? []).length >= 2)
  site.configure({ deploy: 'min_up = 70%', health: 'timeout = 2' })
  site.source('two')
  await delay(1_100)
  const stopped = await site.deploy('run')
  t.is(stopped.exitCode, 9, stopped.stdout + stopped.stderr)
  t.regex(stopped.stderr, /would be left with weight 4 of 6; min_up wants 5/)
  t.deepEqual(site.hosts.map(version), ['one', 'one', 'one'])
})

test('no reader of current ever misses it while the link is switched back and forth', async t => {
  const site = await stage(t, 1)
  for (const text of ['one', 'two']) {
    site.source(text)
    t.is((await site.deploy('run')).exitCode, 0)
    await delay(1_100)
  }
  const [host] = site.hosts
  const ids = Object.keys(states(host!))
  let reads = 0
  const seen = new Set<string>()
  let stopped = false
  const reading = (async () => {
    while (!stopped) {
      for (let burst = 0; burst < 500; burst++) seen.add(version(host!))
      reads += 500
      await delay(0)
    }
  })()
  for (const id of [...ids, ...ids]) t.is((await site.deploy('rollback', '--fast', '--to', id)).exitCode, 0)
  stopped = true
  await reading
  t.deepEqual([...seen].sort(), ['one', 'two'])
  t.true(reads > 5_000, `${reads} reads`)
})
