/**
 * What an idle connection costs: so many connections are opened through the proxy, and through HAProxy where it is
 * installed; the growth of the forwarder's own memory is divided by their number, its processor time while nothing moves
 * is read, and some of them are asked whether they are alive. What the kernel keeps for the sockets comes on top, the
 * same for both.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readPidFile } from '../../src/base/io/processes.js'
import type { ServiceKey } from '../../src/ldirectord/core/table.js'
import { openProxy } from '../../src/ldirectord/forwarders/proxy.js'
import { printJson, printTable } from '../report.js'
import type { Opened } from './idle-ends.js'

const REALS = ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4']
const REAL_PORT = 18_080
const OURS = { host: '127.0.0.77', port: 18_081 }
const THEIRS = { host: '127.0.0.77', port: 18_082 }
const HAPROXY = '/usr/sbin/haproxy'
const QUIET_MS = 5_000
const TICKS_PER_SECOND = 100
const never = new AbortController().signal
const ends = fileURLToPath(new URL('./idle-ends.js', import.meta.url))

interface Forwarding {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly end: () => Promise<void>
}

interface Figures {
  readonly name: string
  readonly opened: number
  readonly failed: number
  readonly emptyMb: number
  readonly fullMb: number
  readonly bytesEach: number
  /** Of one processor, while nothing moves. */
  readonly quietPercent: number
  readonly alive: number
}

const memoryMb = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]) / 1024

function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function ours(folder: string): Promise<Forwarding> {
  const program = fileURLToPath(new URL('../../bin/ldirectord-proxy.cjs', import.meta.url))
  const forwarder = await openProxy({ instance: 'idle', varRun: folder, log: () => {}, program })
  const key: ServiceKey = { protocol: 'tcp', family: 4, address: OURS.host, port: OURS.port }
  const service = { scheduler: 'wlc', persistentSeconds: null, netmask: null, schedulerFlags: '', ops: false }
  const settings = { port: REAL_PORT, method: 'masq', weight: 1, upper: 0, lower: 0 } as const
  const results = await forwarder.apply(
    [
      { kind: 'addService', service: { key, ...service, destinations: [] } },
      ...REALS.map(address => ({
        kind: 'addDestination' as const,
        key,
        destination: { address, ...settings },
      })),
    ],
    never,
  )
  for (const { error } of results) if (error !== null) throw new Error(error)
  return {
    ...OURS,
    pid: readPidFile(join(folder, 'ldirectord-proxy.idle.pid')) ?? 0,
    async end() {
      await forwarder.apply([{ kind: 'deleteService', key }], never)
      await forwarder.close()
    },
  }
}

async function haproxy(folder: string, count: number): Promise<Forwarding> {
  const path = join(folder, 'haproxy.cfg')
  const servers = REALS.map((address, at) => `  server r${at} ${address}:${REAL_PORT}`).join('\n')
  const text = `global
  nbthread 2
  maxconn ${count + 1_000}
defaults
  mode tcp
  timeout connect 3s
  timeout client 900s
  timeout server 900s
listen idle
  bind ${THEIRS.host}:${THEIRS.port}
  maxconn ${count + 1_000}
${servers}
`
  writeFileSync(path, text)
  const child = spawn(HAPROXY, ['-db', '-f', path], { stdio: 'ignore' })
  await pause(500) // it says nothing when it listens
  const gone = once(child, 'exit')
  return {
    ...THEIRS,
    pid: child.pid ?? 0,
    async end() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

const heard = async <T>(child: ChildProcess): Promise<T> => ((await once(child, 'message')) as [T])[0]

async function measure(name: string, { host, port, pid, end }: Forwarding, count: number): Promise<Figures> {
  const emptyMb = memoryMb(pid)
  const visitors = fork(ends, ['visit', host, String(port), String(count)])
  try {
    const { opened, failed } = await heard<Opened>(visitors)
    const before = ticks(pid)
    await pause(QUIET_MS)
    const quietPercent = ((ticks(pid) - before) / TICKS_PER_SECOND / (QUIET_MS / 1_000)) * 100
    const fullMb = memoryMb(pid)
    visitors.send('ask')
    const alive = await heard<number>(visitors)
    const bytesEach = Math.round(((fullMb - emptyMb) * 1_048_576) / opened)
    return { name, opened, failed, emptyMb, fullMb, bytesEach, quietPercent, alive }
  } finally {
    visitors.disconnect()
    await once(visitors, 'exit')
    await end()
  }
}

export async function idle(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bench-'))
  const server = fork(ends, ['serve', REALS.join(','), String(REAL_PORT)])
  try {
    await heard(server)
    const figures = [await measure('proxy', await ours(folder), count)]
    if (existsSync(HAPROXY)) figures.push(await measure('haproxy', await haproxy(folder, count), count))
    printTable(
      ['idle connections', 'opened', 'failed', 'MB without', 'MB with', 'bytes each', 'CPU % idle', 'alive'],
      figures.map(({ name, opened, failed, emptyMb, fullMb, bytesEach, quietPercent, alive }) => [
        name,
        String(opened),
        String(failed),
        emptyMb,
        fullMb,
        String(bytesEach),
        quietPercent,
        String(alive),
      ]),
    )
    printJson('proxy', { part: 'idle', figures })
  } finally {
    server.disconnect()
    rmSync(folder, { recursive: true, force: true })
  }
}
