/** The directors' side: reached by ssh, reloaded, restarted, and changed for the other one in the middle of a run. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { bin, until } from '../harness.js'
import { peerTest } from '../require.js'
import { journals } from './killed.js'
import { current, type Stage, stage, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux')

test('check, plan and -n change nothing; a drain by hand, as a file or by ldirectord, survives reload and restart and ends by hand', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const checked = await site.deploy('check')
  t.is(checked.exitCode, 0, checked.stdout + checked.stderr)
  t.regex(checked.stdout, /web1 +ok .*\n.*web2 +ok .*\n(?:.*\n)*.*by weight\n/)
  const planned = await site.deploy('plan')
  t.is(planned.exitCode, 0)
  t.regex(
    planned.stdout,
    /batch 1: web1\n.*web1: weight 0 for \S+: .* drain \S+\n.*web1: then active 0 templates 0, wait≈0s\n.*mv -T/,
  )
  t.is((await site.deploy('-n', 'run')).exitCode, 0)
  for (const { folder } of site.hosts) t.deepEqual(readdirSync(folder), [])
  t.false(existsSync(`${site.folder}/lib/ha-deploy`))
  t.deepEqual(readdirSync(site.maintenance), [])

  // web1 by ldirectord, web2 by a file.
  t.is((await site.deploy('drain', 'web1', '--wait', '--reason', 'new disk')).exitCode, 0)
  t.like((await site.drained())[0], { server: site.hosts[0]!.real, drain: { untilUnixMs: null } })
  site.configure({ drain: 'method = maintenancedir' })
  const endless = await site.deploy('drain', 'web2', '--for', '2h')
  t.is(endless.exitCode, 4)
  t.regex(endless.stderr, /a file in maintenancedir does not end by itself/)
  t.is((await site.deploy('drain', 'web2', '--wait', '--reason', 'new fan')).exitCode, 0)
  const [mark] = readdirSync(site.maintenance)
  t.regex(readFileSync(`${site.maintenance}/${mark}`, 'utf8'), /^ha-deploy run \S+ \S+ new fan\n$/)
  for (const action of ['reload', 'restart']) {
    t.is((await site.ldirectord(action)).exitCode, 0)
    // Its table comes a moment after its first answer.
    await until(`it has a table after ${action}`, 20_000, () =>
      site.weights().then(
        weights => Object.values(weights).every(weight => weight >= 0),
        () => false,
      ),
    )
    t.deepEqual(await site.weights(), { web1: 0, web2: 0 }, `after ${action}`)
  }
  site.configure()
  for (const host of ['web1', 'web2']) t.is((await site.deploy('undrain', host)).exitCode, 0)
  await until('both have their weight', 10_000, async () =>
    Object.values(await site.weights()).every(weight => weight === 2),
  )
  t.deepEqual(readdirSync(site.maintenance), [])

  // By itself, after the time that was given.
  t.is((await site.deploy('drain', 'web1', '--for', '6s')).exitCode, 0)
  t.is((await site.weights()).web1, 0)
  await until('web1 has its weight again', 20_000, async () => (await site.weights()).web1 === 2)
  await watchesTheHosts(t, site)
})

async function watchesTheHosts(t: ExecutionContext, site: Stage): Promise<void> {
  const watching = site.spawnDeploy('--json', 'status', '--watch')
  let said = ''
  watching.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await until('it has looked twice', 10_000, () => said.split('"host":"web1"').length > 2)
  watching.kill('SIGINT')
  t.is(await new Promise(resolve => watching.once('exit', resolve)), 0)
  t.regex(said, /^\{"host":"web1","release":"-","director":"local","virtual":"tcp:\S+","weight":"2",/)
}

test('a drain that somebody else began stops a run before the host is touched, and stays; in JSON each line is one object', async t => {
  const site = await stage(t, 2)
  site.source('one')
  const file = `${site.maintenance}/${site.hosts[0]!.real}`
  writeFileSync(file, 'changing the fan - Ann\n')
  site.configure({ deploy: 'min_up = 0%', drain: 'method = maintenancedir' })
  const run = await site.deploy('run', '--label', 'file')
  t.is(run.exitCode, 4, run.stdout + run.stderr)
  t.regex(run.stdout, /was put there by somebody else: changing the fan - Ann/)
  t.is(readFileSync(file, 'utf8'), 'changing the fan - Ann\n')
  t.is(version(site.hosts[0]!), '')
  rmSync(file)

  site.configure({ deploy: 'min_up = 0%' })
  t.is((await site.ldirectord(`drain ${site.hosts[0]!.real} --reason fan`)).exitCode, 0)
  const second = await site.deploy('--json', 'run')
  t.is(second.exitCode, 4, second.stdout + second.stderr)
  t.regex(second.stdout, /was drained by somebody else: \S+ fan/)
  t.is(version(site.hosts[0]!), '')
  t.is((await site.drained()).length, 1)
  const records = second.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  t.true(records.every(record => ['t', 'run', 'step', 'status'].every(key => key in record)))
  t.like(records.at(-1), { step: 'end', exit: 4 })
})

test('the active director of a pair goes away in the middle of a run: its drains are known to the other one, and the run goes on without it', t =>
  afterFailover(t))

async function afterFailover(t: ExecutionContext): Promise<void> {
  const site = await stage(t, 2, { directors: 2, paired: true })
  const [alpha] = site.nodes
  const [first, second] = site.directors
  const lists = (director: typeof first) =>
    director!.weights().then(
      ({ web1, web2 }) => `${web1} ${web2}`,
      () => '',
    )
  await until('both directors answer', 20_000, async () =>
    second!.drained().then(
      () => true,
      () => false,
    ),
  )
  const go = `${site.folder}/go`
  const wait = `touch ${site.folder}/drained-$HA_DEPLOY_HOST; for i in $(seq 300); do [ -e ${go} ] && exit; sleep 0.1; done; exit 1`
  site.configure({
    drain: 'method = weight',
    hooks: `on_drained = "local: ${wait}"`,
    health: 'timeout = 20',
  })
  site.source('one')
  const run = site.spawnDeploy('run')
  let said = ''
  for (const stream of [run.stdout!, run.stderr!])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const ended = new Promise(resolve => run.once('exit', resolve))
  await until('web1 is drained', 30_000, () => existsSync(`${site.folder}/drained-web1`))
  const meddled = await site.deploy('undrain', 'web1')
  t.is(meddled.exitCode, 3, meddled.stderr)
  t.regex(meddled.stderr, /web1 is in the hands of run \S+ of /)
  t.is((await alpha!.command('heartbeat', '-k')).exitCode, 0)
  await until('the other one serves', 30_000, async () => (await lists(second)) === '0 2').catch(error => {
    throw new Error(`${error.message}\n${said}\n${site.nodes.map(({ log }) => log).join('\n---\n')}`)
  })
  await first!.stopSsh!()
  writeFileSync(go, '')
  t.is(await ended, 0, said)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  t.regex(said, /web1 rejoin warning still drained on \S+\.101/)
  t.regex(said, /web2 drain warning done without \S+\.101: /)
  t.is(await lists(second), '2 2')
  t.deepEqual(await second!.drained(), [])
}

const sudoTest = peerTest('root', 'openssh-server', 'util-linux', 'sudo')

sudoTest(
  'a user who may do nothing on a director but by sudo releases with sudo = yes, and not without',
  async t => {
    const site = await stage(t, 1, { directors: 1, sudo: true })
    site.source('one')
    const refused = await site.deploy('run')
    t.is(refused.exitCode, 4, refused.stdout + refused.stderr)
    t.is(version(site.hosts[0]!), '')
    site.configure({
      director: 'sudo = yes',
      health: 'check = ldirectord\nslow_start = 2\ntimeout = 10',
      hooks: `on_drained = local: ${site.folder}/look`,
    })
    const director = site.directors[0]!
    const env = Object.entries(director.env).map(entry => entry.join('='))
    const ask = `env ${env.join(' ')} ${bin('ldirectord')} ldirectord.cf drained --json`
    writeFileSync(`${site.folder}/look`, `#!/bin/sh\n${ask} >${site.folder}/seen\n`, { mode: 0o755 })
    const run = await site.deploy('run')
    t.is(run.exitCode, 0, run.stdout + run.stderr)
    t.is(version(site.hosts[0]!), 'one')
    const [seen] = JSON.parse(readFileSync(`${site.folder}/seen`, 'utf8')) as { drain: { who: string } }[]
    t.is(seen!.drain.who, 'systole-deploy')
    t.regex(run.stdout, /web1 rejoin weight 1 for 2 s\n/)
    t.deepEqual(await site.weights(), { web1: 2 })
    // The check of ldirectord itself is the gate: one that passed before the switch does not count.
    const good = current(site.hosts[0]!)
    site.hosts[0]!.sabotage = release => (release === good ? null : 500)
    site.source('two')
    const bad = await site.deploy('run')
    t.is(bad.exitCode, 5, bad.stdout + bad.stderr)
    t.regex(
      bad.stdout,
      /web1 .*rolledBack .*gate: (the check of ldirectord fails for|ldirectord has not checked)/,
    )
    t.is(version(site.hosts[0]!), 'one')
  },
)

test('with our ldirectord on two directors a drain is on both, and after the death of this machine it ends by itself', async t => {
  const site = await stage(t, 2, { directors: 2, apart: true })
  const [first, second] = site.directors
  t.is((await second!.ldirectord('start')).exitCode, 0)
  await until('both directors have a table', 10_000, () =>
    second!.weights().then(
      weights => weights.web1 === 2,
      () => false,
    ),
  )
  site.configure({ deploy: 'lock_ttl = 12', hooks: `on_drained = local: sleep 60` })
  site.source('one')
  const run = site.spawnDeploy('run')
  await until('it is drained on both', 40_000, async () => {
    const seen = await Promise.all([first!.weights(), second!.weights()])
    return (
      seen.every(({ web1 }) => web1 === 0) && journals(site).some(text => text.includes('"step":"drain"'))
    )
  })
  const began = (await first!.drained())[0] as { drain: { untilUnixMs: number } }
  await until('the drain was put off with the locks', 20_000, async () => {
    const now = (await first!.drained())[0] as { drain: { untilUnixMs: number } }
    return now.drain.untilUnixMs > began.drain.untilUnixMs
  })
  run.kill('SIGKILL')
  await until('web1 has its weight on both', 40_000, async () => {
    const seen = await Promise.all([first!.weights(), second!.weights()])
    return seen.every(({ web1 }) => web1 === 2)
  })
  site.configure()
  const resumed = await site.deploy('resume')
  t.is(resumed.exitCode, 0, resumed.stdout + resumed.stderr)
  t.deepEqual(site.hosts.map(version), ['one', 'one'])
  for (const director of site.directors) t.deepEqual(await director.drained(), [])
})
