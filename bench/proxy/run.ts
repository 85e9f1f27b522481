/**
 * What the user-space forwarder costs: requests per second straight to a small server and through the proxy in one
 * run, once with connections that are kept and once with a connection for each request. Server, proxy and load are a
 * process each; the figure that counts is the ratio.
 *
 *     npm run bench proxy [idle [CONNECTIONS]]      idle: what connections cost on which nothing moves (50000)
 */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { readPidFile } from '../../src/base/io/processes.js'
import type { ServiceKey } from '../../src/ldirectord/core/table.js'
import { openProxy } from '../../src/ldirectord/forwarders/proxy.js'
import { openFilesMax } from '../../src/ldirectord/proxy/io/settings.js'
import { ipvsVm, type Owner, project } from '../../test/peers/harness.js'
import { median, percentile, printJson, printTable } from '../report.js'
import { idle } from './idle.js'

const CONNECTIONS = 32
const RUN_MS = 2_000
const ROUNDS = 3
const IDLE_CONNECTIONS = 50_000
/** For the two ends and four sockets a connection. */
const GUEST_MB = '3000'
const GUEST_MS_MAX = 600_000
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\n${'x'.repeat(512)}`
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n'

interface Load {
  readonly perSecond: number
  readonly p99Ms: number
}

/** A server that answers whatever comes; it closes after one answer when the client does. */
async function serve(): Promise<void> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(ANSWER))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
  process.on('disconnect', () => process.exit())
}

async function load(port: number, host: string, isKept: boolean): Promise<Load> {
  const latencies: number[] = []
  const startedMs = performance.now()
  const endMs = startedMs + RUN_MS
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const openedMs = performance.now()
      await exchange(port, host, isKept ? endMs : openedMs, latencies)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
  const seconds = (performance.now() - startedMs) / 1000
  return { perSecond: latencies.length / seconds, p99Ms: percentile(latencies, 99) }
}

/** One connection; asks again and again until `untilMs`, at least once. */
function exchange(port: number, host: string, untilMs: number, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let askedMs = performance.now()
    let received = 0
    const socket = connect({ port, host, noDelay: true }, () => socket.write(REQUEST))
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', chunk => {
      received += chunk.length
      if (received < ANSWER.length) return
      received = 0
      const nowMs = performance.now()
      latencies.push(nowMs - askedMs)
      if (nowMs >= untilMs) {
        socket.end()
        return
      }
      askedMs = nowMs
      socket.write(REQUEST)
    })
  })
}

function memoryMb(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]) / 1024
}

async function measure(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['serve'])
  const [realPort] = (await once(server, 'message')) as [number]
  const varRun = mkdtempSync(join(tmpdir(), 'systole-bench-'))
  const program = fileURLToPath(new URL('../../src/cli/daemons/ldirectord-proxy.js', import.meta.url))
  const forwarder = await openProxy({ instance: 'bench', varRun, log: () => {}, program })
  const never = new AbortController().signal
  const key: ServiceKey = { protocol: 'tcp', family: 4, address: '127.0.0.77', port: realPort }
  const destination = {
    address: '127.0.0.1',
    port: realPort,
    method: 'masq',
    weight: 1,
    upper: 0,
    lower: 0,
  } as const
  const service = {
    key,
    scheduler: 'wlc',
    persistentSeconds: null,
    netmask: null,
    schedulerFlags: '',
    ops: false,
  }
  try {
    const edits = [
      { kind: 'addService', service: { ...service, destinations: [] } },
      { kind: 'addDestination', key, destination },
    ] as const
    for (const { error } of await forwarder.apply(edits, never)) if (error !== null) throw new Error(error)
    const pid = readPidFile(join(varRun, 'ldirectord-proxy.bench.pid')) ?? 0
    const idleMb = memoryMb(pid)
    for (const isKept of [true, false]) await measureKind(isKept, realPort, pid, idleMb)
    await forwarder.apply([{ kind: 'deleteService', key }], never)
  } finally {
    await forwarder.close()
    server.disconnect()
    rmSync(varRun, { recursive: true, force: true })
  }
}

async function measureKind(isKept: boolean, port: number, pid: number, idleMb: number): Promise<void> {
  const direct: Load[] = []
  const proxied: Load[] = []
  for (let round = 0; round < ROUNDS; round++) {
    direct.push(await load(port, '127.0.0.1', isKept))
    proxied.push(await load(port, '127.0.0.77', isKept))
  }
  const rate = (runs: readonly Load[]): number => median(runs.map(run => run.perSecond))
  const p99 = (runs: readonly Load[]): number => median(runs.map(run => run.p99Ms))
  const ratio = rate(proxied) / rate(direct)
  const kind = isKept ? 'kept connections' : 'a connection per request'
  printTable(
    [kind, 'requests/s', 'p99 ms', 'ratio'],
    [
      ['direct', rate(direct), p99(direct), 1],
      ['proxy', rate(proxied), p99(proxied), ratio],
    ],
  )
  printJson('proxy', {
    kind,
    directPerSecond: Math.round(rate(direct)),
    proxyPerSecond: Math.round(rate(proxied)),
    ratio: Number(ratio.toFixed(2)),
    proxyMbIdle: Number(idleMb.toFixed(1)),
    proxyMb: Number(memoryMb(pid).toFixed(1)),
  })
}

/**
 * Two descriptors for each connection, and the proxy keeps some for itself. Root may raise the limit; where even root may
 * not, as in a container, a user-mode kernel of our own allows it, and takes some minutes.
 */
async function measureIdle(wanted: number): Promise<void> {
  const descriptors = 2 * wanted + 1_000
  if (openFilesMax() >= descriptors) return idle(wanted)
  const again = [process.execPath, ...process.argv.slice(1)]
  const words = [`--nofile=${descriptors}`, ...again]
  if (spawnSync('prlimit', [`--nofile=${descriptors}`, 'true']).status === 0) {
    process.exitCode = spawnSync('prlimit', words, { stdio: 'inherit' }).status ?? 1
    return
  }
  if (process.getuid?.() === 0 && existsSync('/usr/bin/linux.uml')) return inGuest(again)
  const possible = Math.floor((openFilesMax() - 1_000) / 2)
  process.stdout.write(`${possible} connections instead of ${wanted}: more needs a higher ulimit -n\n`)
  return idle(possible)
}

async function inGuest(command: readonly string[]): Promise<void> {
  const undo: (() => unknown)[] = []
  try {
    const owner = { teardown: (step: () => unknown) => undo.push(step) } as Owner
    const vm = await ipvsVm(owner, '1', '--mem', GUEST_MB, '--share', project)
    const words = ['exec', 'dir1', '-t', String(GUEST_MS_MAX / 1_000), ...command]
    const { stdout, stderr, exitCode } = await vm.attempt(words, GUEST_MS_MAX + 10_000)
    process.stdout.write(`in a user-mode kernel:\n${stdout}${stderr}`)
    process.exitCode = exitCode ?? 1
  } finally {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
}

const [part, count] = process.argv.slice(2)
if (part === 'serve') await serve()
else if (part === 'idle') await measureIdle(Number(count ?? IDLE_CONNECTIONS))
else await measure()
