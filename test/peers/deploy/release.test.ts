/** ha-deploy against real sshd, real web servers and a real ldirectord: a release, bad releases, and the way back. */

import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { clients, current, type Stage, stage, states, version, type WebHost } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

test('a release reaches every host without an error; back goes to the last good one; nobody ever misses the link', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const first = await site.deploy('run', '--label', 'one')
  t.is(first.exitCode, 0, first.stdout + first.stderr)
  const load = clients(t, site.url, 20)
  site.source('two')
  const second = await site.deploy('run', '--label', 'two')
  const asked = await load.stop()
  t.is(second.exitCode, 0, second.stdout + second.stderr)
  t.deepEqual(site.hosts.map(version), ['two', 'two'])
  t.deepEqual(load.failures, [])
  t.true(asked > 20, `${asked} requests`)
  t.deepEqual(await site.weights(), { web1: 2, web2: 2 })
  t.deepEqual(Object.values(states(site.hosts[0]!)), ['good', 'good'])
  t.regex(second.stdout, /^web1 +\S+-one +\S+-two +\d+\.\d +\d+\.\d +done$/m)
  t.log(second.stdout)

  const [host] = site.hosts
  const before = rollbackPastUnfinished(host!)
  const reading = readAllTheTime(host!)
  const startMs = performance.now()
  const back = await site.deploy('rollback', '--fast')
  t.log(`rollback --fast of 2 hosts: ${Math.round(performance.now() - startMs)} ms`)
  t.is(back.exitCode, 0, back.stdout + back.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  t.deepEqual(readdirSync(`${host!.folder}/releases`), before, 'nothing is deleted')
  const again = await site.deploy('rollback')
  t.is(again.exitCode, 4)
  t.regex(again.stderr, /there is no good release before/)
  for (const id of [before[0]!, before[0]!])
    t.is((await site.deploy('rollback', '--fast', '--to', id)).exitCode, 0)
  const { seen, reads } = await reading.stop()
  t.deepEqual(seen, ['one', 'two'])
  t.true(reads > 2_000, `${reads} reads`)

  // Now old ones and what was never finished may go, but never what is served.
  site.configure({ deploy: 'keep = 1' })
  const pruned = await site.deploy('prune', 'web1')
  t.is(pruned.exitCode, 0, pruned.stderr)
  t.is(pruned.stdout, `web1 pruned ${before[1]}\nweb1 pruned 20991231235959\n`)
  t.deepEqual(readdirSync(`${host!.folder}/releases`), [before[0]!])
  t.is(version(host!), 'one')
})

/** Puts an upload that was cut, newer than everything else, on a host. The releases that are there then. */
function rollbackPastUnfinished(host: WebHost): string[] {
  mkdirSync(`${host.folder}/releases/20991231235959`)
  const state = { id: '20991231235959', run: 'x', digest: null, state: 'unfinished', times: {} }
  writeFileSync(`${host.folder}/releases/20991231235959/.ha-release.json`, JSON.stringify(state))
  return readdirSync(`${host.folder}/releases`)
}

function readAllTheTime(host: WebHost) {
  const seen = new Set<string>()
  let reads = 0
  let stopped = false
  const reading = (async () => {
    while (!stopped) {
      for (let burst = 0; burst < 500; burst++) seen.add(version(host))
      reads += 500
      await delay(5)
    }
  })()
  return {
    stop: async () => {
      stopped = true
      await reading
      return { seen: [...seen].sort(), reads }
    },
  }
}

test('batches keep to min_up; a bad release goes back by itself, later hosts untouched; one whose old release fails too is held, and mailed', async t => {
  const site = await stage(t, 3)
  site.source('one')
  site.configure({ deploy: 'min_up = 30%\nbatch = 100%' })
  const shrunk = await site.deploy('run')
  t.is(shrunk.exitCode, 0, shrunk.stdout + shrunk.stderr)
  t.true((shrunk.stdout.match(/capacity ok/g) ?? []).length >= 2, 'three hosts were not one batch')
  const good = current(site.hosts[0]!)
  site.configure({ deploy: 'min_up = 70%', health: 'timeout = 1' })
  const stopped = await site.deploy('run', '--label', 'none')
  t.is(stopped.exitCode, 9, stopped.stdout + stopped.stderr)
  t.regex(stopped.stderr, /would be left with weight 4 of 6; min_up wants 5/)
  t.deepEqual(site.hosts.map(version), ['one', 'one', 'one'])

  site.configure({ health: 'timeout = 3' })
  const load = clients(t, site.url, 20)
  site.source('two')
  site.hosts[1]!.sabotage = release => (release === good ? null : 500)
  const bad = await site.deploy('run', '--label', 'two')
  await load.stop()
  t.is(bad.exitCode, 5, bad.stdout + bad.stderr)
  t.regex(bad.stdout, /web2 .*rolledBack .*gate: status 500/)
  t.deepEqual(site.hosts.map(version), ['two', 'one', 'one'])
  t.deepEqual(await site.weights(), { web1: 2, web2: 2, web3: 2 })
  t.deepEqual(load.failures, [])
  t.deepEqual(Object.values(states(site.hosts[1]!)), ['good', 'ready', 'bad'])
  t.deepEqual(await site.drained(), [], 'no drain is left')
  t.deepEqual(readdirSync(site.maintenance), [], 'no lock is left')

  const sendmail = `${site.folder}/sendmail`
  writeFileSync(sendmail, `#!/bin/sh\ncat >${site.folder}/mail\n`, { mode: 0o755 })
  site.configure({
    health: 'timeout = 3',
    hooks: `on_fail = local: printf '%s %s' "$HA_DEPLOY_HOST" "$HA_DEPLOY_RELEASE" >${site.folder}/told`,
    notify: `mail[] = ops@example.com\nsendmail = ${sendmail}`,
  })
  site.hosts[1]!.sabotage = () => 500
  const held = await site.deploy('run', '--label', 'three', '--only', 'web2')
  t.is(held.exitCode, 6, held.stdout + held.stderr)
  t.deepEqual(site.hosts.map(version), ['two', 'one', 'one'])
  t.is((await site.weights()).web2, 0)
  t.regex(readFileSync(`${site.folder}/told`, 'utf8'), /^web2 \d{14}-three$/)
  t.regex(
    readFileSync(`${site.folder}/mail`, 'utf8'),
    /^To: ops@example\.com\nSubject: ha-deploy shop: web2 failed \(run \S+\)\n\nRelease \d{14}-three\. /,
  )
  const [drain] = await site.drained()
  t.like(drain, { drain: { untilUnixMs: null } }, 'a held host does not come back by itself')
  // Once it was looked at, it comes back by hand.
  site.hosts[1]!.sabotage = () => null
  t.is((await site.deploy('undrain', 'web2')).exitCode, 0)
  await until('web2 has its weight', 10_000, async () => (await site.weights()).web2 === 2)
})

test('current as a directory is refused and adopted on request; a second run is told who is at work', async t => {
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
  const grown = Object.keys(states(host!)).find(id => id.endsWith('-adopted'))!
  const back = await site.deploy('rollback', '--to', grown)
  t.is(back.exitCode, 0, back.stdout + back.stderr)
  t.is(version(host!), 'grown')

  const go = `${site.folder}/go`
  site.configure({
    deploy: 'lock_ttl = 10',
    hooks: `on_prepare = "touch ${site.folder}/begun; for i in $(seq 200); do [ -e ${go} ] && exit; sleep 0.1; done"`,
  })
  const first = site.spawnDeploy('run', '--label', 'first')
  await until('the first run is at work', 10_000, () => existsSync(`${site.folder}/begun`))
  // From another machine nothing is known of its journal: the lock on the host speaks.
  const elsewhere = { ...site.env, HA_VARLIB: `${site.folder}/elsewhere` }
  const [second, third] = await Promise.all([site.deploy('run'), site.deployIn(elsewhere, 'run')])
  t.true(second.exitCode === 3 || second.exitCode === 8, second.stderr)
  t.is(third.exitCode, 3, third.stderr)
  t.regex(third.stderr, /locked on web1 by run \d{14}-[0-9a-f]{6} of \S+ on \S+ since .*: release/)
  await locksAreTrue(t, site, first, elsewhere)
  writeFileSync(go, '')
  t.is((await site.deploy('abort')).exitCode, 0)
  t.is(version(host!), 'grown')
})

/** A lock is renewed while its run lasts; a run that somebody takes it from stops. */
async function locksAreTrue(
  t: ExecutionContext,
  site: Stage,
  run: ChildProcess,
  elsewhere: Record<string, string>,
): Promise<void> {
  const since = (): string => {
    const text = readFileSync(`${site.hosts[0]!.folder}/.ha-deploy.lock`, 'utf8')
    return (JSON.parse(text) as { since: string }).since
  }
  const taken = since()
  await until('the lock on the host was renewed', 20_000, () => since() !== taken)
  let said = ''
  run.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise(resolve => run.once('exit', resolve))
  t.is((await site.deployIn(elsewhere, 'unlock', '--force')).exitCode, 0)
  await site.deployIn(elsewhere, 'lock', '--message', 'the disk is full')
  t.is(await ended, 3)
  t.regex(
    said,
    /the lock on \S+ was taken (away|by run by-hand .*: the disk is full); interrupted: run \S+ is unfinished/,
  )
  t.is((await site.deployIn(elsewhere, 'unlock')).exitCode, 0)
}

test('a changed host key ends the run with 4 before anything is drained; an unknown one is only learnt when that is asked for, by either transport', async t => {
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
  site.configure({ ssh: 'strict = accept-new' })
  const learnt = await site.deploy('releases')
  t.regex(learnt.stderr, /web1: host key SHA256:\S+ added to \S+known_hosts\n/)
  const lines = readFileSync(`${site.folder}/known_hosts`, 'utf8').trim().split('\n').sort()
  t.deepEqual(lines, [...known].sort(), 'what was learnt is what the hosts have')
  site.configure()
  t.is((await site.deploy('check')).exitCode, 0)

  // The same by the programs ssh and scp.
  site.configure({ ssh: 'transport = openssh' })
  const by = await site.deploy('run')
  t.is(by.exitCode, 0, by.stdout + by.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  writeFileSync(
    `${site.folder}/known_hosts`,
    known.map((line, at) => `${line.split(' ')[0]} ${keys[1 - at]}\n`).join(''),
  )
  const changed = await site.deploy('run')
  t.is(changed.exitCode, 4)
  t.regex(changed.stderr, /ssh web\d: Host key verification failed/)
})
