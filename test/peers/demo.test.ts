/** `npm start`, with addresses of its own: what a newcomer sees and tries. */
import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { ask, DemoCluster, type DemoOptions } from './demo-cluster.js'
import { project, run, until } from './harness.js'
import { peerTest } from './require.js'

const START_MS = 60_000
/** Of this process, so that several can run beside each other. */
const NET = `127.${128 + (process.pid % 96)}`
const IN_NET = NET.replace('.', '\\.')

function start(t: ExecutionContext, options: Partial<DemoOptions> = {}): DemoCluster {
  const state = options.state ?? `${temporaryFolder(t)}/state`
  const demo = new DemoCluster({ net: NET, project, ...options, state })
  t.teardown(() => demo.end())
  return demo
}

/** Command lines of processes whose environment names this state folder. */
function processesOf(state: string): string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return '' // ended meanwhile
    }
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(`=${state}`))
    .map(name => `${name} ${read(`/proc/${name}/cmdline`).replaceAll('\0', ' ')}`)
}

async function endsCleanly(t: ExecutionContext, demo: DemoCluster): Promise<void> {
  demo.interrupt()
  const { status, tookMs } = await demo.ends(20_000)
  t.is(status, 0, demo.text)
  t.true(tookMs < 6_000, `Ctrl-C took ${Math.round(tookMs)} ms:\n${demo.text}`)
  t.deepEqual(processesOf(demo.options.state), [])
  const loopback = (networkInterfaces().lo ?? []).map(({ address }) => address)
  t.false(loopback.includes(`${demo.options.net}.0.100`), 'the service address was left on lo')
}

test('the cluster gets ready, survives a SIGKILL of its owner, refuses a second start and ends without a trace', async t => {
  const demo = start(t)
  const ready = await demo.says(/^ready (http:\/\/127\.\S+)/m, START_MS)
  t.is(ready[1], demo.url)
  t.is((await ask(demo.url)).status, 200)

  const same = start(t, { state: demo.options.state })
  t.is((await same.ends(10_000)).status, 1)
  t.regex(same.text, /^A demo cluster already runs here \(pid \d+, [^\n]*\n$/)
  const beside = start(t)
  t.is((await beside.ends(10_000)).status, 1)
  t.regex(
    beside.text,
    new RegExp(`^${IN_NET}\\.\\d+\\.\\d+:\\d+[^\\n]* is in use by another program[^\\n]*\\n$`),
  )

  await demo.says(/to kill the owner/, 20_000)
  const { name, pids } = demo.owner()
  t.true(pids.length >= 3, `heartbeat, runner and ldirectord at least: ${pids}`)
  const survivor = name === 'alpha' ? 'beta' : 'alpha'
  const mark = demo.mark
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await demo.says(new RegExp(`${survivor} owns the service`), 10_000, mark)
  await demo.says(/the service answers again: .* away for \d+ ms/, 10_000, mark)
  t.is((await ask(demo.url)).status, 200)
  await demo.says(new RegExp(`kill -9 .* of ${survivor}`), 20_000, mark)

  const back = demo.mark
  await run(`${demo.options.state}/bin/start`, [name])
  await demo.says(new RegExp(`${survivor}: hears that ${name} is active`), 20_000, back)
  if (name === 'alpha') await demo.says(/alpha owns the service/, 30_000, back)
  await endsCleanly(t, demo)
})

test('a real server that stops is taken out and said, the sorry server answers for the last, edits act', async t => {
  const demo = start(t)
  await demo.says(/^ready /m, START_MS)
  const pidOf = (server: string): number =>
    Number(new RegExp(`web server ${server}: \\S+ pid (\\d+)`).exec(demo.text)?.[1])
  const weightDown = (n: number): RegExp =>
    new RegExp(`real server ${IN_NET}\\.0\\.1${n}:8081 is down: weight 0`)
  await demo.says(/to kill the owner/, 20_000)

  let mark = demo.mark
  process.kill(pidOf('real1'), 'SIGTERM')
  await demo.says(weightDown(1), 10_000, mark)
  for (let n = 0; n < 6; n++) t.notRegex((await ask(demo.url)).text, /real1/)
  for (const server of ['real2', 'real3']) process.kill(pidOf(server), 'SIGTERM')
  await demo.says(/no real server is up: the sorry server/, 10_000, mark)
  await until('the sorry server answers', 15_000, async () => (await ask(demo.url)).text.startsWith('Sorry'))
  mark = demo.mark
  await run(`${demo.options.state}/bin/web`, ['real1'])
  await demo.says(new RegExp(`real server ${IN_NET}\\.0\\.11:8081 is up`), 10_000, mark)
  await until('real1 answers', 15_000, async () => (await ask(demo.url)).text.includes('real1'))

  // A broken edit changes nothing and is reported once; a good one acts.
  const file = `${demo.options.state}/${demo.owner().name}/ha.d/ldirectord.cf`
  const good = readFileSync(file, 'utf8')
  mark = demo.mark
  writeFileSync(file, good.replace('scheduler=rr', 'schedulr=rr'))
  await demo.says(/schedulr/, 10_000, mark)
  t.true((await ask(demo.url)).text.includes('real1'))
  await delay(2_500)
  const reports = demo.text
    .slice(mark)
    .split('\n')
    .filter(line => line.includes('Unknown command'))
  t.true(reports.length <= 1, demo.text.slice(mark))
  mark = demo.mark
  writeFileSync(file, good.replace(`${NET}.0.11:8081 masq 1`, `${NET}.0.11:8081 masq 7`))
  await demo.says(/\(weight 7\)|Weight set to 7|uses the new configuration/, 10_000, mark)
  t.true((await ask(demo.url)).text.includes('real1'))
  await endsCleanly(t, demo)
})

test('hb_standby moves the service to the other node', async t => {
  const demo = start(t)
  await demo.says(/^ready /m, START_MS)
  await demo.says(/to kill the owner/, 20_000)
  const { name } = demo.owner()
  const mark = demo.mark
  const standby = await run(`${demo.options.state}/bin/hb_standby`, [name])
  t.is(standby.exitCode, 0, standby.stderr)
  await demo.says(new RegExp(`${name === 'alpha' ? 'beta' : 'alpha'} owns the service`), 20_000, mark)
  await until('the service answers', 15_000, async () => (await ask(demo.url)).status === 200)
  await endsCleanly(t, demo)
})

peerTest('root', 'util-linux')('an ordinary user can run it all', async t => {
  // A copy, for the project may lie where another user cannot look.
  const copy = `${temporaryFolder(t)}/copy`
  mkdirSync(`${copy}/dist`, { recursive: true })
  cpSync(`${project}/dist/bin`, `${copy}/dist/bin`, { recursive: true })
  cpSync(`${project}/etc-ha.d`, `${copy}/etc-ha.d`, { recursive: true })
  cpSync(`${project}/package.json`, `${copy}/package.json`)
  chownSync(copy, 65_534, 65_534)
  await run('chmod', ['-R', 'a+rX', copy, copy.replace(/\/copy$/, '')])
  const as = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const demo = start(t, { project: copy, state: `${copy}/.systole`, as })
  await demo.says(/^ready /m, START_MS)
  await demo.says(/to kill the owner/, 20_000)
  const mark = demo.mark
  for (const pid of demo.owner().pids) process.kill(pid, 'SIGKILL')
  await demo.says(/the service answers again/, 10_000, mark)
  await endsCleanly(t, demo)
})
