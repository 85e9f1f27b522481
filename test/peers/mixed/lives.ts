/**
 * The situations, grouped into lives of one cluster so that a cold start pays for many of them. A step does something
 * and names who must own what in the end (`web` of alpha, then `db` of beta), as two originals do it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../harness.js'
import { type Cluster, HARESOURCES, NODES, type NodeName } from './cluster.js'

export interface Step {
  readonly name: string
  readonly act: (cluster: Cluster) => Promise<unknown>
  /** `web db`; differs where ours is better than two originals, which are asked for with undefined. */
  readonly owners: string | RegExp | ((ours: NodeName | undefined) => string)
  readonly limitMs: number
}

export interface Life {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  /** What the original complains of beside its own kind as well, where this recording does not tell. */
  readonly usual?: RegExp
}

export const titleOf = (index: number, step: Step): string => `${index + 1} ${step.name}`
export const ownersOf = ({ owners }: Step, ours: NodeName | undefined): string | RegExp =>
  typeof owners === 'function' ? owners(ours) : owners

const HA_CF = `logfile /var/log/ha-log
debugfile /var/log/ha-debug
keepalive 200ms
warntime 600ms
deadtime 2
initdead 4
udpport 694
ucast eth0 10.77.0.1
ucast eth0 10.77.0.2
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
node alpha beta
`

export const files = (autoFailback: string, more = ''): Readonly<Record<string, string>> => ({
  'ha.cf': `${HA_CF}auto_failback ${autoFailback}\n${more}`,
  authkeys: 'auth 1\n1 sha1 one-of-each-kind\n2 sha1 the-next-key\n',
  haresources: HARESOURCES,
})

const step = (name: string, act: Step['act'], owners: Step['owners'], limitMs = 30_000): Step => ({
  name,
  act,
  owners,
  limitMs,
})
const coldStart = step('cold start', c => c.start(...NODES), 'alpha beta', 45_000)
const standby = (node: NodeName, what: string, owners: string): Step =>
  step(`hb_standby ${what} on ${node}`, c => c.command(node, 'hb_standby', what), owners)
const takeover = (node: NodeName, what: string, owners: string): Step =>
  step(`hb_takeover ${what} on ${node}`, c => c.command(node, 'hb_takeover', what), owners)
const stop = (node: NodeName, owners: string): Step =>
  step(`graceful stop of ${node}`, c => c.stop(node), owners)
const comesBack = (node: NodeName, owners: string): Step =>
  step(`${node} comes back`, c => comeBack(c, node), owners, 45_000)
const crash = (node: NodeName, owners: string): Step => step(`crash of ${node}`, c => c.crash(node), owners)
const refused = step(
  'hb_standby all on alpha is refused',
  c => c.command('alpha', 'hb_standby', 'all').then(() => delay(1500)),
  'alpha beta',
)

/** Every argument of both commands on both nodes. */
const moves: readonly Step[] = [
  standby('alpha', 'all', 'beta beta'),
  takeover('alpha', 'local', 'alpha beta'),
  standby('alpha', 'local', 'beta beta'),
  standby('beta', 'failback', 'alpha beta'),
  takeover('alpha', 'all', 'alpha alpha'),
  standby('alpha', 'foreign', 'alpha beta'),
  takeover('beta', 'foreign', 'beta beta'),
  standby('beta', 'foreign', 'alpha beta'),
  // The original's rc.d script does not know this word and gives everything away.
  takeover('beta', 'failback', 'beta beta'),
  takeover('alpha', 'local', 'alpha beta'),
]

/** Two originals drop everything and start anew; ours goes on with what it has. */
const afterHeal = (ours: NodeName | undefined): string =>
  ours === undefined ? 'alpha beta' : `${ours} ${ours}`

const lives: readonly Life[] = [
  {
    name: 'on',
    files: files('on'),
    steps: [
      coldStart,
      ...moves,
      stop('alpha', 'beta beta'),
      comesBack('alpha', 'alpha beta'),
      crash('beta', 'alpha alpha'),
      comesBack('beta', 'alpha beta'),
      stop('beta', 'alpha alpha'),
      stop('alpha', '- -'),
    ],
  },
  {
    name: 'off',
    files: files('off'),
    steps: [
      coldStart,
      stop('alpha', 'beta beta'),
      comesBack('alpha', 'beta beta'),
      takeover('alpha', 'local', 'alpha beta'),
      crash('beta', 'alpha alpha'),
      comesBack('beta', 'alpha alpha'),
      standby('alpha', 'failback', 'alpha beta'),
    ],
  },
  {
    name: 'legacy',
    files: files('legacy'),
    steps: [
      coldStart,
      refused,
      stop('alpha', 'beta beta'),
      comesBack('alpha', 'alpha beta'),
      crash('beta', 'alpha alpha'),
      comesBack('beta', 'alpha beta'),
    ],
  },
  {
    name: 'alone',
    files: files('on'),
    steps: [
      step('alpha starts alone', c => c.start('alpha'), 'alpha alpha', 45_000),
      step('beta joins', c => c.start('beta'), 'alpha beta', 45_000),
      // Its address stays; our runner may come to give it up before it is killed as well.
      step('SIGKILL of alpha', c => c.kill('alpha'), /beta beta$/),
      step('alpha is started again', c => c.start('alpha'), 'alpha beta', 45_000),
    ],
  },
  {
    name: 'network',
    files: files('off'),
    // Two originals say so too when the other's news comes before their restart: captures/late-dead.timeline.txt.
    usual: /Both machines own (our|foreign) resources!/,
    steps: [
      coldStart,
      step('20 % loss', lose, 'alpha beta'),
      step('loss and hb_standby all on alpha', c => c.command('alpha', 'hb_standby', 'all'), 'beta beta'),
      step(
        'loss and hb_takeover local on alpha',
        c => c.command('alpha', 'hb_takeover', 'local'),
        'alpha beta',
      ),
      step('the loss ends', c => c.pair.command('heal').then(() => delay(1000)), 'alpha beta'),
      step('alpha is late', c => freeze(c, 'alpha', 1300), 'alpha beta'),
      step('beta is late', c => freeze(c, 'beta', 1300), 'alpha beta'),
      step('partition', c => c.pair.command('partition'), 'alpha+beta alpha+beta'),
      step('heal', heal, afterHeal, 60_000),
    ],
  },
  {
    name: 'frozen',
    files: files('off'),
    steps: [
      coldStart,
      // The one that was not frozen restarts, or yields where it is ours; the frozen one serves on.
      step('alpha is frozen beyond deadtime', c => freeze(c, 'alpha', 4500), 'alpha alpha', 60_000),
    ],
  },
  {
    name: 'ping',
    files: withPing(),
    steps: [
      coldStart,
      step('the ping counts are compared', balanced, 'alpha beta'),
      step('ccm and api_test agree on both nodes', clientsAgree, 'alpha beta'),
      step('alpha loses its ping node', c => c.pair.command('link', 'alpha', 'eth0', 'down'), 'beta beta'),
    ],
  },
  {
    name: 'keys',
    files: files('off'),
    steps: [
      coldStart,
      step('ours signs with key 2', c => rekey(c, c.ours), 'alpha beta'),
      step('the original signs with key 2', c => rekey(c, c.theirs), 'alpha beta'),
      step('the original signs with key 1', c => rekey(c, c.theirs, 1), 'alpha beta'),
      step('ours signs with key 1', c => rekey(c, c.ours, 1), 'alpha beta'),
    ],
    // One packet may be under way when the original changes its key. Two originals reject each other for good then.
    usual: /authtoken does not match|netstring authentication failed|ERROR: MSG|lost packet/,
  },
  {
    name: 'restored',
    files: files('on'),
    steps: [
      coldStart,
      step(
        'ours stops',
        c => c.stop(c.ours),
        ours => (ours === 'beta' ? 'alpha alpha' : 'beta beta'),
      ),
      step('ours was restored from a backup', c => rollBack(c, c.ours), 'alpha beta'),
    ],
    // Seen in the capture gen-rolled-back of two originals.
    usual: /should_drop_message: attempted replay attack/,
  },
  {
    name: 'failures',
    files: files('off'),
    steps: [
      coldStart,
      step(
        'a start fails on ours',
        c => failing(c, 'start', () => c.command(c.theirs, 'hb_standby', 'local')),
        'alpha beta',
      ),
      step(
        'ours can start it again',
        c => c.command(c.theirs, 'hb_standby', 'local'),
        ours => `${ours ?? 'alpha'} ${ours ?? 'alpha'}`,
      ),
      step('and gives it back', c => c.command(c.theirs, 'hb_takeover', 'local'), 'alpha beta'),
      step(
        'a stop fails on ours',
        c => failing(c, 'stop', () => c.command(c.ours, 'hb_standby', 'local')),
        ours => (ours === 'beta' ? 'alpha alpha' : 'beta beta'),
      ),
    ],
  },
]

export const LIVES: ReadonlyMap<string, Life> = new Map(lives.map(life => [life.name, life]))

function withPing(): Readonly<Record<string, string>> {
  const clients = ['ipfail', 'ccm'].map(name => `respawn hacluster /usr/libexec/heartbeat/${name}\n`)
  const given = files('off', `deadping 2\nping 10.77.0.254\n${clients.join('')}`)
  return { ...given, 'ha.cf': given['ha.cf']!.replace(/ucast eth0.*\n/g, '') }
}

/** A node that is back but owns nothing must be known to be settled, or what follows comes too early for both. */
async function comeBack(c: Cluster, node: NodeName): Promise<void> {
  const other = node === 'alpha' ? 'beta' : 'alpha'
  const from = { alpha: c.log('alpha').length, beta: c.log('beta').length }
  const says = (who: NodeName, what: string): boolean => c.log(who).slice(from[who]).includes(what)
  const isLegacy = c.file(node, 'ha.d/ha.cf').includes('auto_failback legacy')
  await c.start(node)
  await until(
    `${node} has settled`,
    40_000,
    () =>
      says(node, 'Initial resource acquisition complete') &&
      (isLegacy || says(other, 'remote resource transition completed')),
  )
}

async function balanced(c: Cluster): Promise<void> {
  await until('Ping node count is balanced', 40_000, () =>
    NODES.some(node => c.log(node).includes('Ping node count is balanced')),
  )
}

const AS_CLIENT = ['setpriv', '--reuid=hacluster', '--regid=haclient', '--clear-groups', 'timeout', '30']
const TOLD: Readonly<Record<string, (node: NodeName) => readonly string[]>> = {
  ccm_testclient: () => ['MY NODE IS A MEMBER OF THE MEMBERSHIP LIST', 'uname=alpha', 'uname=beta'],
  api_test: node => [`Cluster node: ${node === 'alpha' ? 'beta' : 'alpha'}: status: active`],
}

/** One that comes before the daemon it asks (ccm is a client itself) ends without a word. */
const againAndAgain = (client: string): string =>
  `for i in $(seq 30); do /usr/libexec/heartbeat/${client}; sleep 1; done`

/** What the package's own clients are told by the daemons of both kinds; they go on until they are ended. */
async function clientsAgree(c: Cluster): Promise<void> {
  // api_test of the package sometimes ends beside its own daemon, at the interfaces of its own node.
  const placesOf = (client: string): readonly NodeName[] => (client === 'api_test' ? [c.ours] : NODES)
  for (const client of Object.keys(TOLD))
    for (const node of placesOf(client))
      await c.pair.command('bg', node, client, ...AS_CLIENT, 'sh', '-c', againAndAgain(client))
  for (const [client, told] of Object.entries(TOLD))
    for (const node of placesOf(client)) {
      const lines = told(node)
      const said = (): string => c.file(node, `log/${client}.out`)
      await until(`${client} on ${node}: ${lines}`, 30_000, () =>
        lines.every(line => said().includes(line)),
      ).catch(error => {
        throw new Error(`${error.message}\n${said()}`)
      })
    }
}

async function lose(c: Cluster): Promise<void> {
  for (const node of NODES)
    for (const link of ['eth0', 'eth1']) await c.pair.command('loss', node, link, '20')
  await Promise.all(NODES.map(node => c.chatter(node, 3)))
  await delay(3500)
}

async function freeze(c: Cluster, node: NodeName, ms: number): Promise<void> {
  await c.freeze(node, ms)
}

/** The original needs 2 s to notice, some more to stop, deadtime + 1 s to restart. */
async function heal(c: Cluster): Promise<void> {
  const restarts = NODES.filter(node => c.kinds[node] === 'original')
  const from = restarts.map(node => c.log(node).length)
  await c.pair.command('heal')
  await Promise.all(
    restarts.map((node, at) =>
      until(`${node} has restarted`, 40_000, () =>
        c.log(node).slice(from[at]).includes('Initial resource acquisition complete'),
      ),
    ),
  )
}

/** Long enough for a verdict of death, if one came of it. */
async function rekey(c: Cluster, node: NodeName, key = 2): Promise<void> {
  c.edit(node, 'authkeys', text => text.replace('auth 1', `auth ${key}`))
  await c.command(node, 'heartbeat', '-r')
  await delay(2500)
}

async function rollBack(c: Cluster, node: NodeName): Promise<void> {
  c.write(node, 'lib/hb_generation', `${'1000'.padStart(15)}\n`)
  await comeBack(c, node)
}

/** lsblog fails on our node while `cause` makes it act. */
async function failing(c: Cluster, action: 'start' | 'stop', cause: () => Promise<unknown>): Promise<void> {
  const from = c.log(c.ours).length
  c.write(c.ours, `ha.d/lsblog.fail-${action}`, '')
  await cause()
  // Ours tries a start twice before it gives the group up (resource_start_tries).
  const [words, times] = action === 'start' ? [/Giving up resources/g, 2] : [/Return code 1 from/g, 1]
  await until(
    `${action} has failed`,
    15_000,
    () => (c.log(c.ours).slice(from).match(words)?.length ?? 0) >= times,
  )
  c.remove(c.ours, `ha.d/lsblog.fail-${action}`)
}
