/**
 * Two of our daemons on loopback addresses: start, SIGKILL, return, standby, graceful stop, and a daemon that vanishes
 * while its runner lives.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isAlive } from '../../src/base/io/processes.js'
import { until } from './harness.js'
import { owner, pair, SERVICE, start } from './loopback-nodes.js'

test.serial(
  'a loopback pair starts, takes over, fails back, stands by and stops, and leaves nothing behind',
  async t => {
    const { alpha, beta } = pair(t)
    await start(t, alpha)
    await start(t, beta)
    await owner('cold start', alpha, beta, 10_000)
    t.regex((await alpha.command('heartbeat', '-s')).stdout, /^heartbeat OK \[pid \d+ et al\] is running on /)
    t.is((await beta.command('cl_status', 'nodestatus', 'alpha')).stdout, 'active\n')

    alpha.kill('heartbeat')
    alpha.kill('heartbeat-runner')
    // On this one machine nothing takes the dead node's marks away; a real address would stay too.
    await until('beta takes over', 8_000, () => beta.holds)
    t.is((await alpha.command('heartbeat', '-s')).exitCode, 1)

    await start(t, alpha)
    await owner('alpha came back and took its group', alpha, beta, 15_000)

    t.is((await alpha.command('hb_standby')).exitCode, 0)
    await owner('alpha stood by', beta, alpha, 10_000)
    t.is((await alpha.command('hb_takeover', 'local')).exitCode, 0)
    await owner('alpha asked for its group', alpha, beta, 10_000)

    t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
    await owner('alpha stopped', beta, alpha, 10_000)
    t.is((await beta.command('heartbeat', '-k')).exitCode, 0)
    t.false(beta.holds || alpha.holds)
    t.is((await beta.command('heartbeat', '-s')).exitCode, 3)
    for (const node of [alpha, beta]) {
      t.is(node.pid('heartbeat'), null)
      t.is(node.pid('heartbeat-runner'), null)
      t.deepEqual(node.log.match(/ (ERROR|CRIT): .*/g) ?? [], [])
    }
  },
)

test.serial(
  'a runner whose daemon was killed gives the group up before the peer is alone with it for long',
  async t => {
    const { alpha, beta } = pair(t)
    await start(t, alpha)
    await start(t, beta)
    await owner('cold start', alpha, beta, 10_000)
    alpha.kill('heartbeat')
    await owner('the runner of alpha gave up, beta took over', beta, alpha, 8_000)
    t.regex(alpha.log, /CRIT: The heartbeat daemon is gone\. Giving up the resources of this node\./)
    t.is((await beta.command('heartbeat', '-k')).exitCode, 0)
  },
)

test.serial('a killed runner is started again and still knows what it holds', async t => {
  const { alpha, beta } = pair(t)
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 10_000)
  const before = alpha.pid('heartbeat-runner')
  alpha.kill('heartbeat-runner')
  await until('another runner', 10_000, () => {
    const now = alpha.pid('heartbeat-runner')
    return now !== null && now !== before && isAlive(now)
  })
  t.true(alpha.holds)
  t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
  await owner('alpha stopped', beta, alpha, 10_000)
  t.is((await beta.command('heartbeat', '-k')).exitCode, 0)
})

test.serial('an edit that cannot be used changes nothing and is reported once', async t => {
  const { alpha } = pair(t)
  await start(t, alpha)
  await until('alpha is alone', 10_000, () => alpha.holds)
  const file = join(alpha.root, 'ha.d/haresources')
  writeFileSync(file, 'gamma svc::web\n')
  t.is((await alpha.command('heartbeat', '-r')).exitCode, 1)
  const pid = alpha.pid('heartbeat')!
  process.kill(pid, 'SIGHUP')
  await until('the fault is reported', 10_000, () => alpha.log.includes('a line wants to begin with a node'))
  process.kill(pid, 'SIGHUP')
  t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
  t.is(alpha.log.match(/a line wants to begin with a node/g)?.length, 1)
  t.false(alpha.holds)
})

test.serial(
  'status shows the pair, new times act without a restart, and differing files are named on both',
  async t => {
    const { alpha, beta } = pair(t)
    await start(t, alpha)
    await start(t, beta)
    await owner('cold start', alpha, beta, 10_000)
    const text = (await beta.command('heartbeat', 'status')).stdout
    t.regex(text, new RegExp(`IPaddr2::${SERVICE.replaceAll('.', '\\.')} +of alpha +held by alpha$`, 'm'))

    const file = join(alpha.root, 'ha.d/ha.cf')
    const other = readFileSync(file, 'utf8').replace('deadtime 1000ms', 'deadtime 1900ms')
    writeFileSync(file, other.replace('logfacility none', 'logfacility local0'))
    t.is((await alpha.command('heartbeat', '-r')).exitCode, 0)
    for (const node of [alpha, beta])
      await until('the difference is named', 10_000, () =>
        /WARN: deadtime differs between the nodes/.test(node.log),
      )
    const ask = async () => JSON.parse((await beta.command('heartbeat', 'status', '--json')).stdout)
    let state = await ask()
    // In the first seconds of its life a node asks for more patience.
    for (let asked = 0; asked < 100 && state.nodes[0].deadtimeMs !== 1_900; asked++) state = await ask()
    t.is(state.nodes[0].deadtimeMs, 1_900, 'as alpha announces it now')
    t.deepEqual(state.differences, [{ node: 'alpha', name: 'deadtime', here: '1000', there: '1900' }])
    for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
    t.is((await alpha.command('heartbeat', 'status')).exitCode, 3)
  },
)

test.serial('a node that was stopped longer than deadtime yields what the other took over', async t => {
  const { alpha, beta } = pair(t)
  await start(t, alpha)
  await start(t, beta)
  await owner('cold start', alpha, beta, 10_000)
  const pid = alpha.pid('heartbeat')!
  process.kill(pid, 'SIGSTOP')
  await until('beta takes over', 8_000, () => beta.holds)
  process.kill(pid, 'SIGCONT')
  await until('alpha notices', 10_000, () => alpha.log.includes('Both nodes own resources: releasing local'))
  // auto_failback on moves it home again, in order.
  await owner('failback', alpha, beta, 10_000)
  t.regex(beta.log, /beta wants to go standby \[foreign\]/)
  for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
})

test.serial(
  'a generation restored from a backup recovers, and the next start goes on from there',
  async t => {
    const { alpha, beta } = pair(t)
    await start(t, alpha)
    await start(t, beta)
    await owner('cold start', alpha, beta, 10_000)
    t.is((await alpha.command('heartbeat', '-k')).exitCode, 0)
    const file = join(alpha.root, 'lib/hb_generation')
    writeFileSync(file, '            500\n')
    const since = Math.floor(Date.now() / 1000)
    await start(t, alpha)
    await owner('alpha is heard again and gets its group', alpha, beta, 20_000)
    t.regex(alpha.log, /Going on with generation \d+/)
    t.true(Number(readFileSync(file, 'latin1')) > since)
    for (const node of [alpha, beta]) t.is((await node.command('heartbeat', '-k')).exitCode, 0)
  },
)
