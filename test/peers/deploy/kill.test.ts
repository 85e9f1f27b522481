/**
 * ha-deploy killed with SIGKILL in the middle of each step of a run over two hosts, with real sshd and ldirectord:
 * `resume` ends where an unkilled run ends. And an interrupt, and a lost connection.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { until } from '../harness.js'
import { peerTest } from '../require.js'
import { journals, killedAt } from './killed.js'
import { type Stage, stage, states, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

const STEPS: readonly (readonly [host: string | null, step: string])[] = [
  [null, 'beforeAll'],
  ['web1', 'prepare'],
  ['web1', 'drain'],
  ['web1', 'swap'],
  ['web1', 'switch'],
  ['web1', 'rejoin'],
  ['web1', 'keep'],
]
/** As much as takes a while, and does not compress. */
const UPLOAD_BYTES = 64 * 1024 * 1024
const SIDE_BY_SIDE = 'batch = 100%\nmin_up = 0%'
const SLOW_HOOKS = 'on_switch = sleep 0.05\non_prepare = sleep 0.05'

test('killed at any step: the next run is refused with 8; resume brings every host to the new release, abort to the old', async t => {
  t.timeout(170_000)
  const site = await stage(t, 2)
  const usual = { hooks: SLOW_HOOKS, deploy: SIDE_BY_SIDE }
  site.configure(usual)
  site.source('start')
  t.is((await site.deploy('run')).exitCode, 0)
  const isClean = async (what: string): Promise<void> => {
    t.deepEqual(await site.drained(), [], what)
    for (const web of site.hosts)
      t.false(readdirSync(web.folder).includes('.ha-deploy.lock'), `${what}: ${web.name} is unlocked`)
  }
  const resumeAfter = async (host: string | null, step: string, ...only: string[]): Promise<void> => {
    const label = `${host}-${step}`
    site.source(label)
    await killedAt(t, site, host, step, ...only)
    const refused = await site.deploy('-n', 'resume')
    t.regex(refused.stdout, /run \S+ of \S+ is unfinished at \S+/)
    const resumed = await site.deploy('resume')
    t.is(resumed.exitCode, 0, `${label} ${resumed.stdout}${resumed.stderr}`)
    t.is(version(site.hosts[0]!), label)
    if (only.length === 0) t.is(version(site.hosts[1]!), label)
    await isClean(label)
  }
  for (const [host, step] of STEPS) await resumeAfter(host, step, '--only', 'web1')
  await resumeAfter('web2', 'drain')
  site.configure({ hooks: SLOW_HOOKS })
  await resumeAfter('web2', 'swap')

  site.source('given-up')
  await killedAt(t, site, 'web1', 'prepare')
  const refused = await site.deploy('run')
  t.is(refused.exitCode, 8, refused.stderr)
  t.regex(refused.stderr, /run \S+ of \S+ is unfinished at \S+/)
  for (const step of ['prepare', 'drain', 'swap', 'rejoin']) {
    if (step !== 'prepare') await killedAt(t, site, 'web1', step)
    const given = await site.deploy('abort')
    t.is(given.exitCode, 0, `${step} ${given.stdout}${given.stderr}`)
    t.deepEqual(site.hosts.map(version), ['web2-swap', 'web2-swap'])
    await isClean(`given up at ${step}`)
  }

  t.is(Object.values(states(site.hosts[0]!)).filter(state => state === 'good').length, STEPS.length + 3)
  await until('both have their weight', 10_000, async () =>
    Object.values(await site.weights()).every(weight => weight === 2),
  )
})

test('an interrupt leaves a journal that resume goes on with; a connection that is lost is made again', async t => {
  const site = await stage(t, 1)
  site.configure({ hooks: 'on_prepare = sleep 2' })
  site.source('one')
  const first = site.spawnDeploy('run')
  await until('it prepares', 10_000, () => journals(site).some(text => text.includes('"step":"prepare"')))
  first.kill('SIGINT')
  t.is(await new Promise(resolve => first.once('exit', resolve)), 130)
  t.is((await site.deploy('resume')).exitCode, 0)
  t.deepEqual(site.hosts.map(version), ['one'])

  site.configure({ hooks: 'on_switch = sleep 2' })
  site.source('two')
  const known = journals(site).length
  const second = site.spawnDeploy('run', '--label', 'two')
  await until('it switches', 15_000, () =>
    journals(site).some(
      text => journals(site).length > known && !text.includes('"closed"') && text.includes('"step":"switch"'),
    ),
  )
  await site.hosts[0]!.cutSessions()
  t.is(await new Promise(resolve => second.once('exit', resolve)), 0)
  t.deepEqual(site.hosts.map(version), ['two'])

  await cutUpload(t, site)
})

/** The connection goes away for good at half of the upload. */
async function cutUpload(t: ExecutionContext, site: Stage): Promise<void> {
  const [host] = site.hosts
  const releases = `${host!.folder}/releases`
  writeFileSync(`${site.folder}/source/big`, randomBytes(UPLOAD_BYTES))
  site.configure()
  const run = site.spawnDeploy('run', '--label', 'cut')
  const ended = new Promise(resolve => run.once('exit', resolve))
  const archive = await until('half of it is there', 20_000, () => {
    const name = readdirSync(releases).find(entry => entry.endsWith('-cut.tar.gz'))
    return name !== undefined && statSync(`${releases}/${name}`).size > UPLOAD_BYTES / 2 ? name : null
  })
  await host!.stopSsh()
  t.is(await ended, 4)
  const left = statSync(`${releases}/${archive}`).size
  t.true(left < UPLOAD_BYTES, `${left} bytes are there`)
  await host!.startSsh()
  t.is(version(host!), 'two')
  t.deepEqual(await site.drained(), [])
  const back = await site.deploy('-n', 'rollback')
  t.regex(back.stdout, /rollback \d{14} to 1 hosts/)
  t.is((await site.deploy('rollback', '--to', archive.slice(1, -'.tar.gz'.length))).exitCode, 4)
  // The lock that the run could not take away is that of a run that has ended.
  const pruned = await site.deploy('prune')
  t.is(pruned.exitCode, 0, pruned.stderr)
  t.is(pruned.stdout, `web1 pruned ${archive}\n`)
}
