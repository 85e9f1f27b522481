/** The directors' side: reached by ssh, reloaded, restarted, and changed for the other one in the middle of a run. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { bin, until } from '../harness.js'
import { peerTest } from '../require.js'
import { stage, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

test('a drain by hand survives reload and restart of ldirectord, is not taken for an own one, and ends by hand', async t => {
  const site = await stage(t, 2)
  site.configure({ drain: 'method = maintenancedir' })
  t.is((await site.deploy('drain', 'web1', '--wait', '--reason', 'new disk')).exitCode, 0)
  const [mark] = readdirSync(site.maintenance)
  t.regex(readFileSync(`${site.maintenance}/${mark}`, 'utf8'), /^ha-deploy run \S+ \S+ new disk\n$/)
  for (const action of ['reload', 'restart']) {
    t.is((await site.ldirectord(action)).exitCode, 0)
    await until(
      'web2 has its weight',
      10_000,
      async () => (await site.weights().catch(() => ({ web2: 0 }))).web2 === 2,
    )
    t.is((await site.weights()).web1, 0, `after ${action}`)
  }
  t.is((await site.deploy('undrain', 'web1')).exitCode, 0)
  await until('web1 has its weight', 10_000, async () => (await site.weights()).web1 === 2)
  t.deepEqual(readdirSync(site.maintenance), [])
})

test("an administrator's own maintenance file stops a run before the host is touched, and stays", async t => {
  const site = await stage(t, 2)
  site.source('one')
  const file = `${site.maintenance}/${site.hosts[0]!.real}`
  writeFileSync(file, 'changing the fan - Ann\n')
  site.configure({ deploy: 'min_up = 0%', drain: 'method = maintenancedir' })
  const run = await site.deploy('run')
  t.is(run.exitCode, 4, run.stdout + run.stderr)
  t.regex(run.stdout, /was put there by somebody else: changing the fan - Ann/)
  t.is(readFileSync(file, 'utf8'), 'changing the fan - Ann\n')
  t.is(version(site.hosts[0]!), '')
})

test('with two directors at the end of ssh, a failover in the middle of a run changes nothing', async t => {
  const site = await stage(t, 2, { directors: 2 })
  const [first, second] = site.directors
  const call = (at: typeof first, action: string): string =>
    `${Object.entries(at!.env)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')} ${bin('ldirectord')} ldirectord.cf ${action}`
  const script = `${site.folder}/failover`
  writeFileSync(
    script,
    `[ "$HA_DEPLOY_HOST" = web1 ] || exit 0
${call(first, 'stop')}
while [ -e ${first!.env.HA_VARRUN}/ldirectord.ldirectord.cf.pid ]; do sleep 0.1; done
${call(second, 'start')}
sleep 2
${call(second, 'status --json')} >${site.folder}/after
`,
  )
  site.configure({ hooks: `on_drained = local: sh ${script}` })
  site.source('one')
  const run = await site.deploy('run')
  t.is(run.exitCode, 0, run.stdout + run.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  const after = JSON.parse(readFileSync(`${site.folder}/after`, 'utf8')) as {
    virtuals: { reals: { server: string; weight: number }[] }[]
  }
  const drained = after.virtuals[0]!.reals.find(({ server }) => server === site.hosts[0]!.real)
  t.is(drained?.weight, 0, 'the new director starts with web1 drained')
  await until('both have their weight', 10_000, async () =>
    Object.values(await second!.weights()).every(weight => weight === 2),
  )
  for (const { maintenance } of site.directors) t.deepEqual(readdirSync(maintenance), [])
})

test('check and plan change nothing and say what a run would do', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const checked = await site.deploy('check')
  t.is(checked.exitCode, 0, checked.stdout + checked.stderr)
  t.regex(checked.stdout, /web1 +ok .*\n.*web2 +ok /)
  const planned = await site.deploy('plan')
  t.is(planned.exitCode, 0)
  t.regex(planned.stdout, /batch 1: web1\n.*web1: weight 0 for \S+ by ldirectord drain\n.*mv -T/)
  t.is((await site.deploy('-n', 'run')).exitCode, 0)
  for (const { folder } of site.hosts) t.deepEqual(readdirSync(folder), [])
  t.false(existsSync(`${site.folder}/lib/ha-deploy`))
  t.deepEqual(readdirSync(site.maintenance), [])
})

test('with --json every line is one object that names run, step and status', async t => {
  const site = await stage(t, 1)
  site.source('one')
  const run = await site.deploy('--json', 'run')
  t.is(run.exitCode, 0, run.stderr)
  const records = run.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  t.true(records.every(record => ['t', 'run', 'step', 'status'].every(key => key in record)))
  t.like(records.at(-1), { step: 'end', exit: 0, hosts: [{ host: 'web1', result: 'done' }] })
})
