/**
 * A two-node cluster in namespaces, each node the original or ours, and everything that is done to it: the commands of
 * the node's own kind, faults of processes and of the network, and what the two nodes hold at any time.
 */
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { bin, type HaPair, haPair, type Owner, readText, until } from '../harness.js'

export type Kind = 'original' | 'ours'
export const NODES = ['alpha', 'beta'] as const
export type NodeName = (typeof NODES)[number]
export type Kinds = Readonly<Record<NodeName, Kind>>

export const GROUPS = {
  alpha: { address: '10.77.0.50', name: 'web' },
  beta: { address: '10.77.0.51', name: 'db' },
} as const

export const HARESOURCES = NODES.map(
  node => `${node} IPaddr2::${GROUPS[node].address}/24/eth0 lsblog::${GROUPS[node].name}\n`,
).join('')

const ours = (name: string): readonly string[] => [process.execPath, bin(name)]
const COMMANDS: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  original: {
    heartbeat: ['/usr/libexec/heartbeat/heartbeat'],
    hb_standby: ['/usr/share/heartbeat/hb_standby'],
    hb_takeover: ['/usr/share/heartbeat/hb_takeover'],
    cl_status: ['cl_status'],
  },
  ours: {
    heartbeat: ours('heartbeat'),
    hb_standby: ours('hb_standby'),
    hb_takeover: ours('hb_takeover'),
    cl_status: ours('cl_status'),
  },
}

/** One change of an address, by the clock of the machine that holds both nodes. */
interface Move {
  readonly atMs: number
  readonly node: NodeName
  readonly group: string
  readonly has: boolean
}

export class Cluster {
  readonly pair: HaPair
  readonly kinds: Kinds
  readonly #owner: Owner
  readonly #files: Readonly<Record<string, string>>

  private constructor(pair: HaPair, kinds: Kinds, owner: Owner, files: Readonly<Record<string, string>>) {
    this.pair = pair
    this.kinds = kinds
    this.#owner = owner
    this.#files = files
  }

  static async open(owner: Owner, kinds: Kinds, files: Readonly<Record<string, string>>): Promise<Cluster> {
    const cluster = new Cluster(await haPair(owner, files), kinds, owner, files)
    for (const node of NODES) cluster.#watchAddresses(node)
    return cluster
  }

  /** The node of ours; of two originals the first plays its part. */
  get ours(): NodeName {
    return NODES.find(node => this.kinds[node] === 'ours') ?? 'alpha'
  }

  get theirs(): NodeName {
    return this.ours === 'alpha' ? 'beta' : 'alpha'
  }

  /** A command of the node's own kind. */
  async command(node: NodeName, program: string, ...words: string[]): Promise<string> {
    return this.pair.command('exec', node, ...COMMANDS[this.kinds[node]][program]!, ...words)
  }

  async attempt(node: NodeName, ...words: string[]): Promise<string> {
    const answer = await this.pair.attempt(['exec', node, ...words])
    return answer.stdout + answer.stderr
  }

  async start(...nodes: readonly NodeName[]): Promise<void> {
    await Promise.all(
      nodes.map(node => this.pair.command('start', node, ...COMMANDS[this.kinds[node]].heartbeat!, '-f')),
    )
  }

  async stop(node: NodeName): Promise<void> {
    await this.command(node, 'heartbeat', '-k')
  }

  /** A power cut: links down, every process ended; the node is there again, empty, when this returns. */
  async crash(node: NodeName): Promise<void> {
    await this.pair.command('kill', node, 'KILL', '[h]eartbeat')
    await this.pair.command('crash', node)
    await this.pair.command('boot', node)
    this.#watchAddresses(node)
  }

  /** SIGKILL to all processes of the daemon; addresses stay. */
  async kill(node: NodeName): Promise<void> {
    await this.pair.command('kill', node, 'KILL', '[h]eartbeat')
  }

  /** Stops the daemon's main process alone, as its pid file names it; in one command, so that it is not longer. */
  async freeze(node: NodeName, ms: number): Promise<void> {
    const pid = this.file(node, 'run/heartbeat.pid').trim()
    const script = `kill -STOP ${pid}; sleep ${ms / 1000}; kill -CONT ${pid}`
    await this.pair.command('exec', node, 'sh', '-c', script)
  }

  file(node: NodeName, path: string): string {
    return readText(`${this.pair.folder}/${node}/${path}`)
  }

  write(node: NodeName, path: string, text: string): void {
    writeFileSync(`${this.pair.folder}/${node}/${path}`, text, { mode: 0o600 })
  }

  remove(node: NodeName, path: string): void {
    rmSync(`${this.pair.folder}/${node}/${path}`, { force: true })
  }

  /** Writes a changed version of one of the files that both nodes began with. */
  edit(node: NodeName, file: string, change: (text: string) => string): void {
    this.write(node, `ha.d/${file}`, change(this.#files[file]!))
  }

  /** Five messages a second that nobody acts upon, besides the heartbeats: gaps show in numbered messages alone. */
  async chatter(node: NodeName, seconds: number): Promise<void> {
    const loop = `for i in $(seq ${seconds * 5}); do printf '>>>\\nt=chatter\\nn=%d\\n<<<\\n' $i > /var/lib/heartbeat/fifo; sleep 0.2; done`
    await this.pair.command('bg', node, 'chatter', 'timeout', String(seconds + 5), 'sh', '-c', loop)
  }

  log(node: NodeName): string {
    return this.file(node, 'log/ha-log')
  }

  /** Who holds `web` (of alpha) and `db` (of beta) now: `alpha beta`; `-` for nobody; `alpha?` holds half of it. */
  async owners(): Promise<string> {
    const shown = await Promise.all(
      NODES.map(node => this.attempt(node, 'ip', '-o', '-4', 'address', 'show', 'dev', 'eth0')),
    )
    const of = (owner: NodeName): string => {
      const { address, name } = GROUPS[owner]
      const holders = NODES.flatMap((node, index) => {
        const hasAddress = shown[index]!.includes(` ${address}/`)
        const hasMark = this.file(node, `run/lsblog.${name}`) !== ''
        if (hasAddress !== hasMark) return [`${node}?`]
        return hasAddress ? [node] : []
      })
      return holders.join('+') || '-'
    }
    return `${of('alpha')} ${of('beta')}`
  }

  async settles(what: string, owners: string | RegExp, limitMs: number): Promise<void> {
    const isWanted = (now: string): boolean =>
      typeof owners === 'string' ? now === owners : owners.test(now)
    await until(`${what}: ${owners}`, limitMs, async () => isWanted(await this.owners())).catch(
      async error => {
        throw new Error(`${error.message}\nbut: ${await this.owners()}\n${this.tail()}`)
      },
    )
  }

  /** Ends of both logs, for a failure's message. */
  tail(): string {
    return NODES.map(node => {
      const out = this.file(node, 'log/daemon.out').split('\n').slice(-5).join('\n')
      return `--- ${node} (${this.kinds[node]})\n${this.log(node).split('\n').slice(-40).join('\n')}\n${out}`
    }).join('\n')
  }

  /** The owners of each group one after the other since then, from the kernel's own notices: `alpha > - > beta`. */
  history(sinceMs: number): Readonly<Record<string, string>> {
    const moves = NODES.flatMap(node => this.#moves(node)).sort((a, b) => a.atMs - b.atMs)
    const told: Record<string, string> = {}
    for (const { name } of Object.values(GROUPS)) {
      const holders = new Set<NodeName>()
      const show = (): string => [...holders].sort().join('+') || '-'
      const steps: string[] = []
      let before: Move | undefined
      for (const move of moves.filter(({ group }) => group === name)) {
        if (move.atMs >= sinceMs && steps.length === 0) steps.push(show())
        if (move.has) holders.add(move.node)
        else holders.delete(move.node)
        if (move.atMs >= sinceMs) {
          const gap = before && before.atMs >= sinceMs ? `(${move.atMs - before.atMs}) ` : ''
          steps.push(`${gap}${show()}`)
        }
        before = move
      }
      told[name] = (steps.length === 0 ? [show()] : steps).join(' > ')
    }
    return told
  }

  #moves(node: NodeName): Move[] {
    const moves: Move[] = []
    let atMs = 0
    for (const line of this.file(node, 'log/moves').split('\n')) {
      const stamp = /^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)\] *(.*)$/.exec(line)
      if (stamp) atMs = Date.parse(`${stamp[1]!.slice(0, 23)}`)
      const text = stamp ? stamp[2]! : line
      for (const { address, name } of Object.values(GROUPS))
        if (text.includes(` ${address}/`)) moves.push({ atMs, node, group: name, has: !/Deleted/.test(text) })
      if (text === 'BOOT')
        for (const { name } of Object.values(GROUPS)) moves.push({ atMs, node, group: name, has: false })
    }
    return moves
  }

  /** `ip monitor` in the node's network, into log/moves; it ends with the namespace. */
  #watchAddresses(node: NodeName): void {
    const script = `printf '[%s] BOOT\\n' "$(date +%Y-%m-%dT%H:%M:%S.%6N)" >> /var/log/moves; exec timeout 900 ip -tshort -o -4 monitor address dev eth0 >> /var/log/moves`
    const pid = this.file(node, 'initpid').trim()
    const child = spawn('nsenter', ['-t', pid, '-m', '-n', '-p', '--', 'sh', '-c', script], {
      stdio: 'ignore',
    })
    this.#owner.teardown(() => void child.kill('SIGKILL'))
  }
}
