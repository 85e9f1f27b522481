/**
 * A takeover: how long after `ldirectord CONF start` the table of 100 virtual services with 10 real servers each is
 * complete, from a warm standby and from nothing, in the same run. The table is that of the user-space proxy, which
 * opens a listener for each service; the kernel's is one ipvsadm. Aim: 100 ms in the standby; around it stand the
 * start of the command, whose floor is `node -e 0`, and the look of the measurement at 1000 servers.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Status } from '../../src/ldirectord/core/status.js'
import { askControl } from '../../src/ldirectord/io/control-socket.js'
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
  HA_DIR: `${folder}/ha.d`,
  HA_VARLIB: `${folder}/lib`,
  HA_VARRUN: `${folder}/run`,
  HA_VARLOG: `${folder}/log`,
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
  await until('the table is complete', async () => isComplete(await status()))
  return performance.now() - beganMs
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

let standby: ReturnType<typeof spawn> | null = null
try {
  const floor: number[] = []
  const cold: number[] = []
  const warm: number[] = []
  for (let round = 0; round < RUNS; round++) {
    const beganMs = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    floor.push(performance.now() - beganMs)
    cold.push(await startedMs())
    await run('stop')
    await until('it has ended', async () => (await status()) === null)
  }
  standby = spawn(process.execPath, [PROGRAM, 'www.cf', 'warm'], { env, stdio: 'ignore' })
  for (let round = 0; round < RUNS; round++) {
    await until('all are known to be up', async () => isKnown(await status()))
    warm.push(await startedMs())
    await run('stop')
  }
  const log = readFileSync(`${folder}/log/ldirectord.log`, 'utf8')
  const inside = [...log.matchAll(/taken over the table in (\d+) ms/g)].map(([, ms]) => Number(ms))
  const rows = Object.entries({
    'node -e 0': floor,
    'start from nothing': cold,
    'start, warm standby': warm,
    'of that in the standby': inside,
  })
  printTable(
    ['what', 'median ms', 'longest ms'],
    rows.map(([name, values]) => [name, median(values), Math.max(...values)]),
  )
  const figures = {
    coldMs: median(cold),
    warmMs: median(warm),
    insideMs: median(inside),
    floorMs: median(floor),
  }
  printJson('warm', { virtuals: VIRTUALS, reals: REALS, runs: RUNS, aimMs: AIM_MS, ...figures })
} finally {
  standby?.kill('SIGTERM')
  await run('stop')
  server.close()
  await until('everything has ended', async () => (await status()) === null)
  rmSync(folder, { recursive: true, force: true })
}
