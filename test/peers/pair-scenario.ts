/**
 * The life of a two-node cluster in network namespaces, with any mixture of the original heartbeat and ours: both meet,
 * each owns its group, one dies by SIGKILL, comes back, the other stops in good order. Each step asserts that a group
 * has one owner.
 */
import type { ExecutionContext } from 'ava'
import { bin, type HaPair, haPair, readText, until } from './harness.js'

export type Kind = 'original' | 'ours'
type Name = 'alpha' | 'beta'

const GROUPS = {
  alpha: { address: '10.77.0.50', name: 'web' },
  beta: { address: '10.77.0.51', name: 'db' },
} as const
const NAMES = ['alpha', 'beta'] as const

export const FILES = {
  'ha.cf': `logfile /var/log/ha-log
debugfile /var/log/ha-debug
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
ucast eth0 10.77.0.1
ucast eth0 10.77.0.2
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
auto_failback on
node alpha beta
`,
  authkeys: 'auth 1\n1 sha1 peers-of-two-kinds\n',
  haresources: NAMES.map(node => {
    const { address, name } = GROUPS[node]
    return `${node} IPaddr2::${address}/24/eth0 lsblog::${name}\n`
  }).join(''),
}

const COMMANDS: Readonly<Record<Kind, { heartbeat: readonly string[]; clStatus: readonly string[] }>> = {
  original: { heartbeat: ['/usr/libexec/heartbeat/heartbeat'], clStatus: ['cl_status'] },
  ours: { heartbeat: [process.execPath, bin('heartbeat')], clStatus: [process.execPath, bin('cl_status')] },
}

/** What a resource runner may still say when it is killed a moment after its daemon. */
const LAST_WORDS = 'The heartbeat daemon is gone. Giving up the resources of this node.'

/** ERROR and CRIT lines of a log, without what differs from run to run. */
export function complaintsIn(log: string): Set<string> {
  const lines = log
    .split('\n')
    .filter(line => /\b(ERROR|CRIT):/.test(line) && !line.endsWith(`CRIT: ${LAST_WORDS}`))
  return new Set(lines.map(line => line.replace(/^.*?\b(ERROR|CRIT):/, '$1:').replace(/\d+/g, 'N')))
}

class Cluster {
  readonly #pair: HaPair
  readonly #kinds: Readonly<Record<Name, Kind>>

  constructor(pair: HaPair, kinds: Readonly<Record<Name, Kind>>) {
    this.#pair = pair
    this.#kinds = kinds
  }

  start(node: Name): Promise<string> {
    return this.#pair.command('start', node, ...COMMANDS[this.#kinds[node]].heartbeat, '-f')
  }

  /** The node names that hold the group of `owner`: the address and the resource script's mark. */
  async holders(owner: Name): Promise<string> {
    const { address, name } = GROUPS[owner]
    const holders: string[] = []
    for (const node of NAMES) {
      const shown = await this.#pair.attempt([
        'exec',
        node,
        'ip',
        '-o',
        '-4',
        'address',
        'show',
        'dev',
        'eth0',
      ])
      const hasAddress = shown.stdout.includes(` ${address}/`)
      const hasMark = readText(`${this.#pair.folder}/${node}/run/lsblog.${name}`) !== ''
      if (hasAddress !== hasMark) holders.push(`${node} (half)`)
      else if (hasAddress) holders.push(node)
    }
    return holders.join('+')
  }

  async settles(what: string, limitMs: number, web: string, db: string): Promise<void> {
    await until(`${what}: web on ${web}, db on ${db}`, limitMs, async () => {
      return (await this.holders('alpha')) === web && (await this.holders('beta')) === db
    }).catch(async error => {
      const now = `web on ${await this.holders('alpha')}, db on ${await this.holders('beta')}`
      throw new Error(`${error.message}\nbut: ${now}\n${this.logs()}`)
    })
  }

  async sees(observer: Name, peer: Name, status: string, limitMs: number): Promise<void> {
    const { clStatus } = COMMANDS[this.#kinds[observer]]
    let last = ''
    await until(`${observer} sees ${peer} ${status}`, limitMs, async () => {
      const answer = await this.#pair.attempt(['exec', observer, ...clStatus, 'nodestatus', peer])
      last = `${answer.stdout}${answer.stderr}`.trim()
      return answer.stdout.trim() === status
    }).catch(error => {
      throw new Error(`${error.message}\nbut: ${last}\n${this.logs()}`)
    })
  }

  /** SIGKILL to every process of the daemon; the address stays where it is, as after a real crash of the daemon. */
  kill(node: Name): Promise<string> {
    return this.#pair.command('kill', node, 'KILL', '[h]eartbeat')
  }

  async reboot(node: Name): Promise<void> {
    await this.#pair.command('crash', node)
    await this.#pair.command('boot', node)
  }

  async stop(node: Name): Promise<void> {
    await this.#pair.command('exec', node, ...COMMANDS[this.#kinds[node]].heartbeat, '-k')
  }

  log(node: Name): string {
    return readText(`${this.#pair.folder}/${node}/log/ha-log`)
  }

  logs(): string {
    return NAMES.map(node => {
      const out = readText(`${this.#pair.folder}/${node}/log/daemon.out`).split('\n').slice(-5).join('\n')
      return `--- ${node} (${this.#kinds[node]})\n${this.log(node).split('\n').slice(-40).join('\n')}\n${out}`
    }).join('\n')
  }
}

/** Runs the whole life; gives the two nodes' complaints. */
export async function livePair(
  t: ExecutionContext,
  alpha: Kind,
  beta: Kind,
): Promise<Readonly<Record<Name, Set<string>>>> {
  const cluster = new Cluster(await haPair(t, FILES), { alpha, beta })
  await Promise.all(NAMES.map(node => cluster.start(node)))
  await cluster.sees('alpha', 'beta', 'active', 20_000)
  await cluster.sees('beta', 'alpha', 'active', 20_000)
  await cluster.settles('cold start', 30_000, 'alpha', 'beta')

  await cluster.kill('alpha')
  // The killed node keeps its address; a machine that crashes does not, so it is switched off before the look.
  await cluster.reboot('alpha')
  await cluster.settles('alpha was killed', 20_000, 'beta', 'beta')
  await cluster.sees('beta', 'alpha', 'dead', 15_000)

  await cluster.start('alpha')
  await cluster.settles('alpha came back and took its group', 40_000, 'alpha', 'beta')

  await cluster.stop('beta')
  await cluster.settles('beta stopped in good order', 15_000, 'alpha', 'alpha')
  await cluster.stop('alpha')
  await cluster.settles('alpha stopped in good order', 15_000, '', '')
  t.pass()
  return { alpha: complaintsIn(cluster.log('alpha')), beta: complaintsIn(cluster.log('beta')) }
}
