/**
 * A takeover: how long until the table of 100 virtual services with 10 real servers each is complete, in the same run
 * from a warm standby that has just learned the states, as heartbeat's resource runner asks it (status, then start,
 * from its own process) and by the command `ldirectord CONF start`, and from nothing. Each takeover is the first one of
 * its process. The table is that of the user-space proxy, which opens a listener for each service; the kernel's is
 * two calls of ipvsadm. Aim: 100 ms for heartbeat's; beside the command stands its floor, `node -e 0`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ldirectord } from '../../src/agents/ldirectord.js'
import { pathsFrom } from '../../src/base/paths.js'
import type { Status } from '../../src/ldirectord/core/status.js'
import { askControl } from '../../src/ldirectord/io/control-socket.js'
import { rootsIn } from '../../test/peers/harness.js'
import { median, printJson, printTable } from '../report.js'

const RUNS = 5
const VIRTUALS = 100
const REALS = 10
const AIM_MS = 100
const LIMIT_MS = 30_000
const PROGRAM = resolve('dist/bin/ldirectord.cjs')

const folder = mkdtempSync(join(tmpdir(), 'systole-warm-'))
const socket = `${folder}/run/ldirectord.www.cf.sock`
const env = {
  ...process.env,
  ...rootsIn(folder),
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + LIMIT_MS
  while (!(await look())) {
    if (performance.now() > untilMs) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`)
    await pause(2)
  }
}

async function status(): Promise<Status | null> {
  const answer = await askControl(socket, 'status')
  return answer ? (JSON.parse(answer) as Status) : null
}

const reals = (state: Status | null) => state?.virtuals.flatMap(virtual => virtual.reals) ?? []
const isComplete = (state: Status | null): boolean =>
  reals(state).length === VIRTUALS * REALS && reals(state).every(({ weight }) => weight === 1)
const isKnown = (state: Status | null): boolean =>
  reals(state).length === VIRTUALS * REALS && reals(state).every(({ health }) => health === 'up')

const run = (action: string) =>
  new Promise<number | null>(done =>
    spawn(process.execPath, [PROGRAM, 'www.cf', action], { env, stdio: 'ignore' }).once('exit', done),
  )

async function startedMs(): Promise<number> {
  const beganMs = performance.now()
  const code = await run('start')
  if (code !== 0) throw new Error(`start ended with ${code}`)
  const answeredMs = performance.now() - beganMs
  // A start from nothing answers before the table is there, and then it is looked for; a standby answers with it.
  if (isComplete(await status())) return answeredMs
  await until('the table is complete', async () => isComplete(await status()))
  return performance.now() - beganMs
}

/** What heartbeat's resource runner does with `ldirectord::www.cf`. */
async function takenMs(): Promise<number> {
  const context = { paths: pathsFrom(env), env: {}, signal: new AbortController().signal, log: () => {} }
  const beganMs = performance.now()
  const before = await ldirectord.run(['www.cf'], 'status', context)
  const taken = await ldirectord.run(['www.cf'], 'start', context)
  const tookMs = performance.now() - beganMs
  if (before.exitCode !== 3 || taken.exitCode !== 0) throw new Error(before.output + taken.output)
  if (!isComplete(await status())) throw new Error('the standby answered before the table was complete')
  return tookMs
}

const standbys: ReturnType<typeof spawn>[] = []

/** Each takeover with a standby of its own. */
async function fromWarm(takeOverMs: () => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < RUNS; round++) {
    const standby = spawn(process.execPath, [PROGRAM, 'www.cf', 'warm'], { env, stdio: 'ignore' })
    standbys.push(standby)
    await until('all are known to be up', async () => isKnown(await status()))
    times.push(await takeOverMs())
    standby.kill('SIGTERM')
    await until('it has ended', async () => (await status()) === null)
  }
  return times
}

const server = createServer(connection => connection.destroy())
await new Promise<void>(done => server.listen(0, '0.0.0.0', done))
const { port } = server.address() as { port: number }
for (const name of ['ha.d', 'lib', 'run', 'log']) mkdirSync(`${folder}/${name}`)
const section = (n: number): string =>
  [
    `virtual=127.0.181.${n + 1}:18480`,
    ...Array.from({ length: REALS }, (_, real) => `    real=127.0.182.${real + 1}:${port} masq`),
    '    checktype=connect\n',
  ].join('\n')
const sections = Array.from({ length: VIRTUALS }, (_, n) => section(n)).join('\n')
writeFileSync(`${folder}/ha.d/www.cf`, `checkinterval=1\nquiescent=yes\nforwarder=proxy\n${sections}`)

try {
  const floor: number[] = []
  const cold: number[] = []
  for (let round = 0; round < RUNS; round++) {
    const beganMs = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    floor.push(performance.now() - beganMs)
    cold.push(await startedMs())
    await run('stop')
    await until('it has ended', async () => (await status()) === null)
  }
  const asked = await fromWarm(takenMs)
  const commanded = await fromWarm(startedMs)
  const log = readFileSync(`${folder}/log/ldirectord.log`, 'utf8')
  const inside = [...log.matchAll(/taken over the table in (\d+) ms/g)].map(([, ms]) => Number(ms))
  const rows = Object.entries({
    'takeover by heartbeat, warm standby': asked,
    'of that and the next in the standby': inside,
    'start by the command, warm standby': commanded,
    'node -e 0': floor,
    'start by the command, from nothing': cold,
  })
  printTable(
    ['what', 'median ms', 'longest ms'],
    rows.map(([name, values]) => [name, median(values), Math.max(...values)]),
  )
  const figures = {
    askedMs: median(asked),
    insideMs: median(inside),
    commandedMs: median(commanded),
    floorMs: median(floor),
    coldMs: median(cold),
  }
  printJson('warm', { virtuals: VIRTUALS, reals: REALS, runs: RUNS, aimMs: AIM_MS, ...figures })
} finally {
  for (const standby of standbys) standby.kill('SIGTERM')
  await run('stop')
  server.close()
  await until('everything has ended', async () => (await status()) === null)
  rmSync(folder, { recursive: true, force: true })
}
