/**
 * Where it is measured: the street of the traffic tests, two real servers of nginx with one worker each, and programs that
 * are started in a namespace and end with the benchmark.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realAddress, type Station, type Street, street } from '../../test/peers/forwarding/street.js'
import { type Owner, run, until } from '../../test/peers/harness.js'
import { temporaryFolder } from '../../test/temporary-folder.js'

export const REALS = 2
export const REAL_PORT = 8080
/**
 * Where they are asked without a forwarder. Were it the same one, the connections that the director's kernel has just
 * routed, and still remembers, would stand in the way of those that it translates: the same two ends.
 */
export const DIRECT_PORT = 8081
/**
 * Ports for hundreds of thousands of connections: a closed one keeps its port for a minute, and a search for one of the
 * few that are left costs more than all that is measured here. Whoever comes last would pay for the others.
 */
const MANY_PORTS = ['net.ipv4.ip_local_port_range=1024 65535', 'net.ipv4.tcp_tw_reuse=1']
const READY_MS_MAX = 10_000
const END_MS_MAX = 5_000

export interface Place extends Street {
  readonly folder: string
  /** The web server of a real server, which the parts may kill. */
  readonly webs: Program[]
}

export interface Program {
  readonly pid: number
  end(signal?: NodeJS.Signals): Promise<void>
}

/** A program in the foreground of a namespace. */
export function program(owner: Owner, station: Station, ...words: string[]): Program {
  const child: ChildProcess = spawn('nsenter', ['-t', station.pid, '-n', ...words], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const limit = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX)
    child.kill(signal)
    if (child.exitCode === null && child.signalCode === null) await gone
    clearTimeout(limit)
  }
  owner.teardown(() => end())
  return { pid: child.pid!, end }
}

export function fileIn(folder: string, name: string, text: string): string {
  const path = join(mkdtempSync(join(folder, 'c-')), name)
  writeFileSync(path, text)
  return path
}

/** nginx without a master, so that a kill takes all of it. */
export function nginxFile(folder: string, listening: string, more = ''): string {
  return fileIn(
    folder,
    'nginx.conf',
    `daemon off; master_process off; pid ${folder}/nginx-${more ? 'stream' : 'web'}.pid; error_log /dev/null;
${more}events { worker_connections 4096; }
${listening}
`,
  )
}

function web(owner: Owner, folder: string, station: Station, n: number): Program {
  const answers = `http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; client_body_temp_path ${folder}/body;
  server { listen ${REAL_PORT} backlog=4096 reuseport; listen ${DIRECT_PORT} backlog=4096 reuseport; location / { return 200 "real ${n}\\n"; } }
}`
  return program(owner, station, 'nginx', '-c', nginxFile(folder, answers))
}

/** Waits until the client gets an answer there. */
export async function answers({ client }: Street, target: string): Promise<void> {
  await until(`an answer from ${target}`, READY_MS_MAX, async () => {
    const words = ['-t', client.pid, '-n', 'curl', '-sf', '-m', '1', '-o', '/dev/null', `http://${target}/`]
    return (await run('nsenter', words)).exitCode === 0
  })
}

export async function openPlace(owner: Owner): Promise<Place> {
  const folder = temporaryFolder(owner)
  const made = await street(owner, REALS)
  for (const { pid } of [made.client, made.director]) {
    const set = await run('nsenter', ['-t', pid, '-n', 'sysctl', '-qw', ...MANY_PORTS])
    if (set.exitCode !== 0) throw new Error(`sysctl: ${set.stderr}`)
  }
  const webs = made.reals.map((station, at) => web(owner, folder, station, at + 1))
  for (let n = 1; n <= REALS; n++) await answers(made, `${realAddress(n)}:${REAL_PORT}`)
  return { ...made, folder, webs }
}

/** Its web server again, after a kill. */
export async function webAgain(owner: Owner, place: Place, n: number): Promise<void> {
  place.webs[n - 1] = web(owner, place.folder, place.reals[n - 1]!, n)
  await answers(place, `${realAddress(n)}:${REAL_PORT}`)
}
