/**
 * A client, a director and real servers, each in a network namespace that ends with its process: no names, no files, no
 * route out. `CLIENT -- DIRECTOR -- (bridge) -- real 1, 2, 3`; the director holds the virtual addresses and routes. As a
 * segment all hang on the bridge, and the real servers hold the virtual addresses on lo, as direct routing wants it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Owner } from '../harness.js'
import type { Order } from './station.js'

/** npm puts programs of packages before those of the machine, among them another one called nft. */
export const SYSTEM_ENV = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

const program = fileURLToPath(new URL('station.js', import.meta.url))

export const VIRTUAL = '10.98.0.100'
export const VIRTUAL6 = 'fd98::100'
export const realAddress = (n: number): string => `10.98.1.2${n}`
export const realAddress6 = (n: number): string => `fd98:1::2${n}`

export class Station {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  static async start(t: Owner, name: string): Promise<Station> {
    const station = await Station.within(t, name, ['unshare', '-n'])
    station.run('ip', 'link', 'set', 'lo', 'up')
    return station
  }

  /** In the namespace into which these words lead. */
  static async within(t: Owner, name: string, [lead, ...words]: readonly string[]): Promise<Station> {
    const child = spawn(lead!, [...words, process.execPath, program, name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.teardown(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.stdin.end()
      await once(child, 'exit')
    })
    const station = new Station(child)
    await station.#next()
    return station
  }

  get pid(): string {
    return String(this.#child.pid)
  }

  /** Runs a program in the namespace. */
  run(...words: string[]): string {
    const options = { encoding: 'utf8', timeout: 20_000, env: SYSTEM_ENV } as const
    return execFileSync('nsenter', ['-t', this.pid, '-n', ...words], options)
  }

  /** Several lines of `ip -batch`. */
  ip(...lines: string[]): void {
    execFileSync('nsenter', ['-t', this.pid, '-n', 'ip', '-batch', '-'], {
      input: `${lines.join('\n')}\n`,
      timeout: 20_000,
    })
  }

  async tell(order: Order): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`)
    return JSON.parse(await this.#next())
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the station ended')
    return value
  }
}

export interface Street {
  readonly client: Station
  readonly director: Station
  readonly reals: readonly Station[]
}

export async function street(
  t: Owner,
  realCount: number,
  shape: 'routed' | 'segment' = 'routed',
): Promise<Street> {
  const [client, director, ...reals] = await Promise.all(
    ['client', 'director', ...Array.from({ length: realCount }, (_, at) => `real ${at + 1}`)].map(name =>
      Station.start(t, name),
    ),
  )
  const isSegment = shape === 'segment'
  const front = isSegment ? 'br0' : 'c0'
  director!.ip(
    `link add c0 type veth peer name eth0 netns ${client!.pid}`,
    'link add br0 type bridge',
    ...(isSegment ? ['link set c0 master br0'] : []),
    `address add 10.98.0.1/24 dev ${front}`,
    `address add ${VIRTUAL}/32 dev ${front}`,
    `address add fd98::1/64 dev ${front} nodad`,
    `address add ${VIRTUAL6}/128 dev ${front} nodad`,
    'address add 10.98.1.1/24 dev br0',
    'address add fd98:1::1/64 dev br0 nodad',
    'link set c0 up',
    'link set br0 up',
    ...reals.flatMap(({ pid }, at) => [
      `link add r${at} type veth peer name eth0 netns ${pid}`,
      `link set r${at} master br0`,
      `link set r${at} up`,
    ]),
  )
  // Direct routing needs no forwarding.
  const forwards = isSegment ? 0 : 1
  director!.run(
    'sysctl',
    '-qw',
    `net.ipv4.ip_forward=${forwards}`,
    `net.ipv6.conf.all.forwarding=${forwards}`,
  )
  client!.ip(
    ...[2, 3, 4].map(host => `address add 10.98.0.${host}/24 dev eth0`),
    'address add fd98::2/64 dev eth0 nodad',
    'link set eth0 up',
    'route add default via 10.98.0.1',
  )
  client!.run('ip', '-6', 'route', 'add', 'default', 'via', 'fd98::1')
  reals.forEach((real, at) => {
    if (isSegment) {
      real.run('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2')
    }
    real.ip(
      `address add ${realAddress(at + 1)}/24 dev eth0`,
      `address add ${realAddress6(at + 1)}/64 dev eth0 nodad`,
      'link set eth0 up',
      ...(isSegment
        ? [`address add ${VIRTUAL}/32 dev lo`, `address add ${VIRTUAL6}/128 dev lo nodad`]
        : ['route add default via 10.98.1.1']),
    )
    // What was translated is answered through the director, all else past it.
    if (isSegment)
      real.ip(
        'route add 10.98.0.0/24 dev eth0',
        'route add default via 10.98.1.1 table 100',
        `rule add from ${realAddress(at + 1)} lookup 100`,
      )
    real.run(
      'ip',
      '-6',
      'route',
      'add',
      ...(isSegment ? ['fd98::/64', 'dev', 'eth0'] : ['default', 'via', 'fd98:1::1']),
    )
  })
  return { client: client!, director: director!, reals }
}
