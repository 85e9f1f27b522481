/**
 * SIGKILL of all processes of the service's owner to the first answer of the service address, on the loopback demo
 * cluster (keepalive 200 ms, deadtime 1 s). All processes that could answer before are dead, so the first answer is
 * the survivor's. Aim: median below deadtime + 300 ms. Also: start of the demo to `ready`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask, DemoCluster } from '../../test/peers/demo-cluster.js'
import { run, until } from '../../test/peers/harness.js'
import { median, percentile, printJson, printTable } from '../report.js'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20)
const STARTS = 3
const DEADTIME_MS = 1_000
/**
 * For 5 s after its start a node announces 2 s more patience (as heartbeat 3 does), so a kill in that time is noticed
 * later. The random part that is added lets the kill hit every phase of the keepalive alike.
 */
const STEADY_AFTER_MS = 5_500
const AIM_MS = DEADTIME_MS + 300

/** Whether somebody accepts connections at the service address. */
function accepts(address: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port: 8080 })
    socket.setTimeout(500, () => socket.destroy())
    socket.on('connect', () => socket.destroy())
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}

async function firstAnswer(demo: DemoCluster): Promise<void> {
  const address = new URL(demo.url).hostname
  for (let tries = 0; tries < 10_000; tries++) {
    if ((await accepts(address)) && (await ask(demo.url)).status === 200) return
    await delay(5)
  }
  throw new Error(`no answer\n${demo.text}`)
}

async function killOwner(demo: DemoCluster): Promise<number> {
  const { name, pids } = demo.owner()
  const startedMs = performance.now()
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await firstAnswer(demo)
  const tookMs = performance.now() - startedMs
  // The killed node comes back; when it is alpha it takes its resources again.
  const mark = demo.mark
  await run(`${demo.options.state}/bin/start`, [name])
  const survivor = name === 'alpha' ? 'beta' : 'alpha'
  await demo.says(new RegExp(`${survivor}: hears that ${name} is active`), 30_000, mark)
  if (name === 'alpha') await demo.says(/to kill the owner: .* of alpha/, 30_000, mark)
  await until('the service answers', 10_000, async () => (await ask(demo.url)).status === 200)
  await delay(STEADY_AFTER_MS + Math.random() * 200)
  return tookMs
}

const state = mkdtempSync(join(tmpdir(), 'systole-takeover-'))
const options = { state: `${state}/demo`, net: '127.92', project: process.cwd() }
const startsMs: number[] = []
const takeoversMs: number[] = []
let demo: DemoCluster | null = null
try {
  for (let start = 1; start <= STARTS; start++) {
    const startedMs = performance.now()
    demo = new DemoCluster(options)
    await demo.says(/^ready /m, 60_000)
    startsMs.push(performance.now() - startedMs)
    if (start < STARTS) await demo.end()
  }
  if (demo === null) throw new Error('no start was asked for')
  await demo.says(/to kill the owner/, 10_000)
  await delay(STEADY_AFTER_MS)
  for (let round = 1; round <= ROUNDS; round++) {
    const tookMs = await killOwner(demo)
    takeoversMs.push(tookMs)
    process.stderr.write(`round ${round}: ${tookMs.toFixed(0)} ms\n`)
  }
} finally {
  await demo?.end()
  rmSync(state, { recursive: true, force: true })
}
const figures = {
  rounds: takeoversMs.length,
  medianMs: Math.round(median(takeoversMs)),
  p90Ms: Math.round(percentile(takeoversMs, 90)),
  maxMs: Math.round(Math.max(...takeoversMs)),
  readyMedianMs: Math.round(median(startsMs)),
}
printTable(
  ['', 'n', 'median ms', 'max ms', `median / ${AIM_MS}`],
  [
    [
      'kill to first answer',
      String(figures.rounds),
      figures.medianMs,
      figures.maxMs,
      figures.medianMs / AIM_MS,
    ],
    ['demo start to ready', String(startsMs.length), figures.readyMedianMs, Math.max(...startsMs), ''],
  ],
)
printJson('takeover', {
  ...figures,
  aimMs: AIM_MS,
  ratioToAim: Number((figures.medianMs / AIM_MS).toFixed(3)),
})
