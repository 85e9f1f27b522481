/**
 * Load by wrk from the client's namespace, and what it cost: the machine's busy time, and the time of the forwarder's own
 * processes. Of a forwarder in the kernel only the first can be seen.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Station } from '../../test/peers/forwarding/street.js'
import { fileIn, type Place } from './place.js'

const CONNECTIONS = 32
/** The direct way has a target for each. */
const THREADS = 2
const TICKS_PER_SECOND = 100
const KINDS = { kept: [], fresh: ['-H', 'Connection: close'] } as const

/** `kept`: connections that stay open; `fresh`: one for each request. */
export type Kind = keyof typeof KINDS

export interface Load {
  readonly perSecond: number
  readonly requests: number
  /** Connections that failed and answers that were none. */
  readonly failed: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly ownMicros: number
  readonly machineMicros: number
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }

function milliseconds(report: string, percent: number): number {
  const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(report) ?? []
  return Number(value) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
}

const number = (report: string, pattern: RegExp): number => Number(pattern.exec(report)?.[1] ?? 0)

function failures(report: string): number {
  const [, ...sockets] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report) ?? []
  return sockets.map(Number).reduce((sum, n) => sum + n, number(report, /Non-2xx or 3xx responses: (\d+)/))
}

/** Ticks that all processors together did not idle. */
function machineTicks(): number {
  const fields = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))![1]!.split(' ').map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields
  return user + nice + system + irq + softirq
}

/** Ticks of these processes and of their children. */
function ownTicks(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return (
      sum +
      Number(fields[11]) +
      Number(fields[12]) +
      ownTicks(children === '' ? [] : children.split(' ').map(Number))
    )
  }, 0)
}

/** Whom the client asks. */
export interface Aimed {
  readonly client: Station
  readonly target: string
  /** For wrk: its threads take turns at the addresses. */
  readonly script: string
}

export type Targets = readonly [string, ...string[]]

/** Targets of IPv4. */
export function aimed({ client, folder }: Place, targets: Targets): Aimed {
  const found = targets.map(target => `wrk.lookup("${target.replace(':', '", "')}")[1]`)
  const script = `local n = 0
function setup(thread)
  local to = { ${found.join(', ')} }
  thread.addr = to[n % #to + 1]
  n = n + 1
end
`
  return { client, target: targets[0], script: fileIn(folder, 'targets.lua', script) }
}

export async function load(
  { client, script, target }: Aimed,
  kind: Kind,
  seconds: number,
  pids: readonly number[] = [],
): Promise<Load> {
  const before = { machine: machineTicks(), own: ownTicks(pids) }
  const words = [
    ...[`-t${THREADS}`, `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', '-s', script],
    ...[...KINDS[kind], `http://${target}/`],
  ]
  const wrk = spawn('nsenter', ['-t', client.pid, '-n', 'wrk', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: (seconds + 20) * 1_000,
  })
  const [report, [code]] = await Promise.all([text(wrk.stdout), once(wrk, 'exit')])
  const after = { machine: machineTicks(), own: ownTicks(pids) }
  const requests = number(report, /(\d+) requests in/)
  if (code !== 0 || requests === 0) throw new Error(`wrk ${words.join(' ')} ended with ${code}: ${report}`)
  const micros = (ticks: number): number => (ticks * 1e6) / TICKS_PER_SECOND / requests
  return {
    perSecond: number(report, /Requests\/sec:\s+([\d.]+)/),
    requests,
    failed: failures(report),
    p50Ms: milliseconds(report, 50),
    p99Ms: milliseconds(report, 99),
    ownMicros: micros(after.own - before.own),
    machineMicros: micros(after.machine - before.machine),
  }
}
