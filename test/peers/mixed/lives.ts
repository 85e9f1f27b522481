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
  readonly owners: string
  readonly limitMs?: number
}

export interface Life {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

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

const step = (name: string, act: Step['act'], owners: string, limitMs = 20_000): Step => ({
  name,
  act,
  owners,
  limitMs,
})
const coldStart = step('cold start', c => c.start(...NODES), 'alpha beta', 40_000)
const standby = (node: NodeName, what: string, owners: string): Step =>
  step(`hb_standby ${what} on ${node}`, c => c.command(node, 'hb_standby', what), owners)
const takeover = (node: NodeName, what: string, owners: string): Step =>
  step(`hb_takeover ${what} on ${node}`, c => c.command(node, 'hb_takeover', what), owners)
const stop = (node: NodeName, owners: string): Step =>
  step(`graceful stop of ${node}`, c => c.stop(node), owners)
const comesBack = (node: NodeName, owners: string): Step =>
  step(`${node} comes back`, c => c.start(node), owners, 40_000)
const crash = (node: NodeName, owners: string): Step => step(`crash of ${node}`, c => c.crash(node), owners)

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
  takeover('beta', 'failback', 'beta beta'),
  takeover('alpha', 'local', 'alpha beta'),
]

export const LIVES: readonly Life[] = [
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
      comesBack('beta', 'alpha beta'),
      crash('alpha', 'beta beta'),
      comesBack('alpha', 'alpha beta'),
      stop('beta', 'alpha alpha'),
      stop('alpha', '- -'),
    ],
  },
  {
    name: 'off',
    files: files('off'),
    steps: [
      coldStart,
      ...moves,
      stop('alpha', 'beta beta'),
      comesBack('alpha', 'beta beta'),
      takeover('alpha', 'local', 'alpha beta'),
      crash('beta', 'alpha alpha'),
      comesBack('beta', 'alpha alpha'),
      standby('alpha', 'failback', 'alpha beta'),
      stop('beta', 'alpha alpha'),
      comesBack('beta', 'alpha alpha'),
      crash('alpha', 'beta beta'),
      comesBack('alpha', 'beta beta'),
      stop('beta', 'alpha alpha'),
      stop('alpha', '- -'),
    ],
  },
  {
    name: 'legacy',
    files: files('legacy'),
    steps: [
      coldStart,
      step(
        'hb_standby all on alpha',
        c => c.command('alpha', 'hb_standby', 'all').then(() => delay(1500)),
        'alpha beta',
      ),
      step(
        'hb_takeover all on alpha',
        c => c.command('alpha', 'hb_takeover', 'all').then(() => delay(1500)),
        'alpha beta',
      ),
      stop('alpha', 'beta beta'),
      comesBack('alpha', 'alpha beta'),
      crash('beta', 'alpha alpha'),
      comesBack('beta', 'alpha beta'),
      stop('beta', 'alpha alpha'),
      comesBack('beta', 'alpha beta'),
      crash('alpha', 'beta beta'),
      comesBack('alpha', 'alpha beta'),
      stop('beta', 'alpha alpha'),
      stop('alpha', '- -'),
    ],
  },
  {
    name: 'alone',
    files: files('on'),
    steps: [
      step('alpha starts alone', c => c.start('alpha'), 'alpha alpha', 40_000),
      comesBack('beta', 'alpha beta'),
      stop('alpha', 'beta beta'),
      stop('beta', '- -'),
      step('beta starts alone', c => c.start('beta'), 'beta beta', 40_000),
      comesBack('alpha', 'alpha beta'),
      step('SIGKILL of alpha, its address stays', c => c.kill('alpha'), 'alpha+beta beta'),
      step('alpha is started again at once', c => c.start('alpha'), 'alpha beta', 40_000),
      step('SIGKILL of beta, its address stays', c => c.kill('beta'), 'alpha alpha+beta'),
      step('beta is started again at once', c => c.start('beta'), 'alpha beta', 40_000),
    ],
  },
  {
    name: 'network',
    files: files('off', ''),
    steps: [
      coldStart,
      step('20 % loss', lossOn, 'alpha beta'),
      standby('alpha', 'all', 'beta beta'),
      takeover('alpha', 'local', 'alpha beta'),
      step('the loss ends', c => c.pair.command('heal').then(() => delay(2000)), 'alpha beta'),
      step('alpha is late', c => frozen(c, 'alpha', 1300), 'alpha beta'),
      step('beta is late', c => frozen(c, 'beta', 1300), 'alpha beta'),
      step(
        'one link of two is down',
        c => c.pair.command('partition', 'eth1').then(() => delay(3500)),
        'alpha beta',
      ),
      step('it is up again', c => c.pair.command('heal').then(() => delay(1500)), 'alpha beta'),
      step('partition', c => c.pair.command('partition'), 'alpha+beta alpha+beta'),
      step('heal', c => c.pair.command('heal').then(() => delay(1000)), 'alpha beta', 60_000),
    ],
  },
  {
    name: 'frozen',
    files: files('off', ''),
    steps: [
      coldStart,
      step(
        'alpha is frozen beyond deadtime',
        c => frozen(c, 'alpha', 4500).then(() => delay(3000)),
        'alpha beta',
        60_000,
      ),
      step('quiet', () => delay(15_000), 'alpha beta', 60_000),
      step(
        'beta is frozen beyond deadtime',
        c => frozen(c, 'beta', 4500).then(() => delay(3000)),
        'alpha beta',
        60_000,
      ),
    ],
  },
  {
    name: 'keys',
    files: files('off'),
    steps: [
      coldStart,
      step('alpha signs with key 2', c => rekey(c, 'alpha').then(() => delay(1500)), 'alpha beta'),
      step('beta signs with key 2 too', c => rekey(c, 'beta').then(() => delay(1500)), 'alpha beta'),
    ],
  },
  {
    name: 'generations',
    files: files('on'),
    steps: [
      coldStart,
      stop('alpha', 'beta beta'),
      step('alpha is restored from a backup', c => rollBack(c, 'alpha'), 'alpha beta', 30_000),
      stop('beta', 'alpha alpha'),
      step('beta is restored from a backup', c => rollBack(c, 'beta'), 'alpha beta', 30_000),
    ],
  },
  {
    name: 'failures',
    files: files('off'),
    steps: [
      coldStart,
      step(
        'the start of web fails on beta',
        c =>
          failing(c, 'beta', 'start', () => c.command('alpha', 'hb_standby', 'local')).then(() =>
            delay(4000),
          ),
        'alpha beta',
        60_000,
      ),
      step('again, without the fault', c => c.command('alpha', 'hb_standby', 'local'), 'beta beta'),
      step('and home', c => c.command('alpha', 'hb_takeover', 'local'), 'alpha beta'),
      step(
        'the start of db fails on alpha',
        c =>
          failing(c, 'alpha', 'start', () => c.command('beta', 'hb_standby', 'local')).then(() =>
            delay(4000),
          ),
        'alpha beta',
        60_000,
      ),
    ],
  },
  {
    name: 'stop-fails-alpha',
    files: files('off'),
    steps: [
      coldStart,
      step(
        'the stop of web fails on alpha',
        c => failing(c, 'alpha', 'stop', () => c.command('alpha', 'hb_standby', 'local'), 5000),
        'beta beta',
        60_000,
      ),
    ],
  },
  {
    name: 'stop-fails-beta',
    files: files('off'),
    steps: [
      coldStart,
      step(
        'the stop of db fails on beta',
        c => failing(c, 'beta', 'stop', () => c.command('beta', 'hb_standby', 'local'), 5000),
        'alpha alpha',
        60_000,
      ),
    ],
  },
  {
    name: 'ping-alpha',
    files: withPing('alpha'),
    steps: [coldStart, ...pingLoss('alpha')],
  },
  {
    name: 'ping-beta',
    files: withPing('beta'),
    steps: [coldStart, ...pingLoss('beta')],
  },
]

function withPing(_loser: NodeName): Readonly<Record<string, string>> {
  const given = files(
    'off',
    'deadping 2\nping 10.77.0.254\nrespawn hacluster /usr/libexec/heartbeat/ipfail\n',
  )
  return { ...given, 'ha.cf': given['ha.cf']!.replace(/ucast eth0.*\n/g, '') }
}

function pingLoss(node: NodeName): readonly Step[] {
  const other = node === 'alpha' ? 'beta' : 'alpha'
  return [
    step(
      'the counts are compared',
      c =>
        until('Ping node count is balanced', 30_000, () =>
          NODES.some(name => c.log(name).includes('Ping node count is balanced')),
        ),
      'alpha beta',
    ),
    step(
      `the ping node is lost to ${node}`,
      c => c.pair.command('link', node, 'eth0', 'down'),
      `${other} ${other}`,
    ),
    step(
      'it is back',
      c => c.pair.command('link', node, 'eth0', 'up').then(() => delay(6000)),
      `${other} ${other}`,
    ),
  ]
}

async function lossOn(c: Cluster): Promise<void> {
  for (const node of NODES)
    for (const link of ['eth0', 'eth1']) await c.pair.attempt(['loss', node, link, '20'])
  await Promise.all(NODES.map(node => c.chatter(node, 8)))
  await delay(9000)
}

async function frozen(c: Cluster, node: NodeName, ms: number): Promise<void> {
  await c.signal(node, 'STOP')
  await delay(ms)
  await c.signal(node, 'CONT')
  await delay(1500)
}

async function rekey(c: Cluster, node: NodeName): Promise<void> {
  c.edit(node, 'authkeys', text => text.replace('auth 1', 'auth 2'))
  await c.command(node, 'heartbeat', '-r')
}

async function rollBack(c: Cluster, node: NodeName): Promise<void> {
  c.write(node, 'lib/hb_generation', `${'1000'.padStart(15)}\n`)
  await c.start(node)
}

async function failing(
  c: Cluster,
  node: NodeName,
  action: string,
  cause: () => Promise<unknown>,
  forMs = 6000,
): Promise<void> {
  c.write(node, `ha.d/lsblog.fail-${action}`, '')
  await cause()
  await delay(forMs)
  c.remove(node, `ha.d/lsblog.fail-${action}`)
}
