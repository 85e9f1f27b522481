/**
 * Two of our daemons on loopback addresses, unprivileged, each in a folder of its own. A reboot, should one of them want
 * it, is a mark in that folder.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { isAlive, readPidFile } from '../../src/base/io/processes.js'
import type { CommandResult } from '../../src/base/io/run-command.js'
import { bin, run, temporaryFolder, until } from './harness.js'

export const SERVICE = '127.79.0.100'

export class Node {
  readonly name: string
  readonly root: string
  readonly #address: string

  constructor(name: string, root: string, address: string) {
    this.name = name
    this.root = root
    this.#address = address
  }

  command(program: string, ...args: string[]): Promise<CommandResult> {
    const env = {
      HA_DIR: join(this.root, 'ha.d'),
      HA_VARLIB: join(this.root, 'lib'),
      HA_VARRUN: join(this.root, 'run'),
      HA_VARLOG: join(this.root, 'log'),
      HA_LISTEN: this.#address,
      HA_REBOOT: join(this.root, 'reboot'),
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

function makeNode(
  folder: string,
  name: string,
  address: string,
  port: number,
  more: (root: string) => readonly string[],
): Node {
  const root = join(folder, name)
  for (const sub of ['ha.d/resource.d', 'lib', 'run', 'log']) mkdirSync(join(root, sub), { recursive: true })
  const files: Readonly<Record<string, string>> = {
    nodeinfo: `${name}\n`,
    authkeys: 'auth 1\n1 sha1 loopback-pair\n',
    haresources: `alpha IPaddr2::${SERVICE} svc::web\n`,
    'ha.cf': [
      `logfile ${root}/log/ha-log`,
      'logfacility none',
      ...['keepalive 100ms', 'warntime 300ms', 'deadtime 500ms', 'initdead 2'],
      `udpport ${port}`,
      ...['ucast lo 127.79.0.1', 'ucast lo 127.79.0.2', 'auto_failback on', 'node alpha beta'],
      ...more(root),
      '',
    ].join('\n'),
  }
  for (const [file, text] of Object.entries(files))
    writeFileSync(join(root, 'ha.d', file), text, { mode: 0o600 })
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
  const reboot = `#!/bin/sh\necho "$*" >> ${root}/rebooted\n`
  writeFileSync(join(root, 'reboot'), reboot, { mode: 0o755 })
  return new Node(name, root, address)
}

export function pair(
  t: ExecutionContext,
  more: (root: string) => readonly string[] = () => [],
): { alpha: Node; beta: Node } {
  const folder = temporaryFolder(t)
  const port = 20_000 + (process.pid % 10_000)
  const alpha = makeNode(folder, 'alpha', '127.79.0.1', port, more)
  const beta = makeNode(folder, 'beta', '127.79.0.2', port, more)
  t.teardown(() => {
    for (const node of [alpha, beta])
      for (const file of ['heartbeat', 'heartbeat-runner'] as const) node.kill(file)
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
