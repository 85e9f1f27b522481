/**
 * Two of our daemons on loopback addresses, unprivileged, each in a folder of its own, for the tests of one pair. One
 * group of an address and a script, which marks its start by a file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { isAlive, readPidFile } from '../../src/base/io/processes.js'
import type { CommandResult } from '../../src/base/io/run-command.js'
import { temporaryFolder } from '../temporary-folder.js'
import { bin, rootsIn, run, until } from './harness.js'
import { reaper } from './reaper.js'

export const SERVICE = '127.79.0.100'

export class Node {
  readonly name: string
  readonly root: string
  readonly #address: string
  /** Besides its folders. */
  env: Readonly<Record<string, string>> = {}

  constructor(name: string, root: string, address: string) {
    this.name = name
    this.root = root
    this.#address = address
  }

  command(program: string, ...args: string[]): Promise<CommandResult> {
    const env = {
      ...rootsIn(this.root),
      HA_LISTEN: this.#address,
      HA_REBOOT: join(this.root, 'reboot'),
      ...this.env,
    }
    return run(process.execPath, [bin(program), ...args], { env })
  }

  pid(file: 'heartbeat' | 'heartbeat-runner'): number | null {
    return readPidFile(join(this.root, 'run', `${file}.pid`))
  }

  kill(file: 'heartbeat' | 'heartbeat-runner'): void {
    const pid = this.pid(file)
    if (pid !== null && isAlive(pid)) process.kill(pid, 'SIGKILL')
  }

  /** Both resources of the group, or neither; half a group is nobody's. */
  get holds(): boolean {
    const address = existsSync(join(this.root, `run/resource-agents/address-${SERVICE}`))
    return address && existsSync(join(this.root, 'run/svc.web'))
  }

  get log(): string {
    return this.read('log/ha-log')
  }

  /** Empty when it is not there. */
  read(file: string): string {
    const path = join(this.root, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  edit(file: string, change: (text: string) => string): void {
    const path = join(this.root, 'ha.d', file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
}

export interface PairOptions {
  /** Replace lines of ha.cf that begin with the same word, or come beside them (ucast). */
  readonly haCf?: readonly string[]
  /** Further lines, which name the node's own folder. */
  readonly haCfIn?: (root: string) => readonly string[]
  readonly haresources?: string
  /** More scripts of resource.d. */
  readonly scripts?: Readonly<Record<string, string>>
}

/**
 * warntime is two keepalives and a half: a heartbeat that is more than one interval late (the one before it was lost in a
 * full socket, and the clock was not to the millisecond) is a line in the log of the other node.
 */
export const SLOW = ['keepalive 400ms', 'warntime 1', 'deadtime 3', 'initdead 4'] as const

const HA_CF = [
  ...['keepalive 100ms', 'warntime 300ms', 'deadtime 1000ms', 'initdead 2'],
  ...['ucast lo 127.79.0.1', 'ucast lo 127.79.0.2', 'auto_failback on', 'node alpha beta'],
]

function haCf(root: string, port: number, own: readonly string[]): string {
  const words = new Set(own.map(line => line.split(' ', 1)[0]).filter(word => word !== 'ucast'))
  const kept = HA_CF.filter(line => !words.has(line.split(' ', 1)[0]!))
  return [`logfile ${root}/log/ha-log`, 'logfacility none', `udpport ${port}`, ...kept, ...own, ''].join('\n')
}

function makeNode(folder: string, name: string, address: string, port: number, options: PairOptions): Node {
  const root = join(folder, name)
  for (const sub of ['ha.d/resource.d', 'lib', 'run', 'log']) mkdirSync(join(root, sub), { recursive: true })
  const files: Readonly<Record<string, string>> = {
    nodeinfo: `${name}\n`,
    authkeys: 'auth 1\n1 sha1 loopback-pair\n',
    haresources: options.haresources ?? `alpha IPaddr2::${SERVICE} svc::web\n`,
    'ha.cf': haCf(root, port, [...(options.haCf ?? []), ...(options.haCfIn?.(root) ?? [])]),
  }
  for (const [file, text] of Object.entries(files))
    writeFileSync(join(root, 'ha.d', file), text, { mode: 0o600 })
  for (const [file, text] of Object.entries(options.scripts ?? {}))
    writeFileSync(join(root, 'ha.d/resource.d', file), text, { mode: 0o755 })
  const script = `#!/bin/sh
F=$HA_VARRUN/svc.$1
echo "$2 deadtime=$HA_deadtime color=$HA_COLOR" >> "$HA_VARLOG/svc.calls"
case $2 in
  start) touch "$F" ;;
  stop) rm -f "$F" ;;
  status) [ -e "$F" ] && echo running || echo stopped ;;
esac
`
  writeFileSync(join(root, 'ha.d/resource.d/svc'), script, { mode: 0o755 })
  // A reboot, should one of them want it, is a mark in its folder.
  const reboot = `#!/bin/sh\necho "$*" >> ${root}/rebooted\n`
  writeFileSync(join(root, 'reboot'), reboot, { mode: 0o755 })
  return new Node(name, root, address)
}

export const portOf = (): number => 20_000 + (process.pid % 10_000)

/** Daemons of a test that was ended by force; a pid that somebody else has by now is left alone. */
const KILL_ALL = `for file in "$1"/*/run/heartbeat.pid "$1"/*/run/heartbeat-runner.pid; do
  pid=$(tr -d ' ' < "$file") && grep -q heartbeat "/proc/$pid/cmdline" && kill -KILL "$pid"
done`

export function pair(t: ExecutionContext, options: PairOptions = {}): { alpha: Node; beta: Node } {
  const folder = temporaryFolder(t)
  const alpha = makeNode(folder, 'alpha', '127.79.0.1', portOf(), options)
  const beta = makeNode(folder, 'beta', '127.79.0.2', portOf(), options)
  const callOff = reaper(['sh', '-c', KILL_ALL, 'sh', folder])
  t.teardown(() => {
    for (const node of [alpha, beta])
      for (const file of ['heartbeat', 'heartbeat-runner'] as const) node.kill(file)
    callOff()
  })
  return { alpha, beta }
}

export async function owner(what: string, wanted: Node, other: Node, limitMs: number): Promise<void> {
  await until(what, limitMs, () => wanted.holds && !other.holds).catch(error => {
    throw new Error(`${error.message}\n--- ${wanted.name}\n${wanted.log}\n--- ${other.name}\n${other.log}`)
  })
}

export async function start(t: ExecutionContext, node: Node): Promise<void> {
  const started = await node.command('heartbeat')
  t.is(started.exitCode, 0, started.stderr)
}

/** A node in the middle of something refuses to give or take, as the original does. */
export async function settled(...nodes: readonly Node[]): Promise<void> {
  for (const node of nodes)
    await until(`${node.name} is settled`, 20_000, async () => {
      const { exitCode, stdout } = await node.command('cl_status', 'rscstatus')
      return exitCode === 0 && stdout !== 'transition\n'
    })
}
