/**
 * The owner of a group loses its path to the ping node; ipfail, the packaged and unmodified client, runs on both nodes
 * and moves the resources. Captured for two originals in ipfail-ping-lost; here ours with ours, and with an original.
 */
import type { ExecutionContext } from 'ava'
import { bin, type HaPair, haPair, readText, until } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

type Kind = 'original' | 'ours'
type Name = 'alpha' | 'beta'

const FILES = {
  'ha.cf': `logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 2
deadping 2
initdead 10
udpport 694
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
ping 10.77.0.254
auto_failback off
node alpha beta
respawn hacluster /usr/libexec/heartbeat/ipfail
`,
  authkeys: 'auth 1\n1 sha1 ping-nodes-of-two-kinds\n',
  haresources: 'alpha lsblog::web\n',
}

const DAEMON: Readonly<Record<Kind, readonly string[]>> = {
  original: ['/usr/libexec/heartbeat/heartbeat'],
  ours: [process.execPath, bin('heartbeat')],
}

const logOf = (pair: HaPair, node: Name): string => readText(`${pair.folder}/${node}/log/ha-log`)

function holders(pair: HaPair): string {
  const nodes = ['alpha', 'beta'].filter(node => readText(`${pair.folder}/${node}/run/lsblog.web`) !== '')
  return nodes.join('+')
}

async function answers(pair: HaPair, node: Name, words: readonly string[], wanted: string): Promise<void> {
  let last = ''
  await until(`${node}: cl_status ${words.join(' ')} says ${wanted}`, 25_000, async () => {
    const answer = await pair.attempt(['exec', node, 'cl_status', ...words])
    last = `${answer.stdout}${answer.stderr}`.trim()
    return answer.stdout.trim() === wanted
  }).catch(error => {
    throw new Error(`${error.message}\nbut: ${last}\n${logs(pair)}`)
  })
}

const logs = (pair: HaPair): string =>
  (['alpha', 'beta'] as const)
    .map(node => `--- ${node}\n${logOf(pair, node).split('\n').slice(-60).join('\n')}`)
    .join('\n')

async function pingLoss(
  t: ExecutionContext,
  alpha: Kind,
  beta: Kind,
  prepare: (pair: HaPair) => Promise<unknown> = async () => {},
): Promise<HaPair> {
  const pair = await haPair(t, FILES)
  await prepare(pair)
  await Promise.all([
    pair.command('start', 'alpha', ...DAEMON[alpha], '-f'),
    pair.command('start', 'beta', ...DAEMON[beta], '-f'),
  ])
  for (const node of ['alpha', 'beta'] as const) {
    await answers(pair, node, ['nodestatus', '10.77.0.254'], 'ping')
    await answers(pair, node, ['clientstatus', 'alpha', 'ipfail', '2000'], 'online')
    await answers(pair, node, ['clientstatus', 'beta', 'ipfail', '2000'], 'online')
  }
  await until('alpha holds web', 30_000, () => holders(pair) === 'alpha').catch(error => {
    throw new Error(`${error.message}\n${logs(pair)}`)
  })

  // Else a question of the start is answered late, with the count after the cut.
  await until('the ipfails have compared their counts', 20_000, () =>
    /Ping node count is balanced/.test(logOf(pair, 'alpha') + logOf(pair, 'beta')),
  ).catch(error => {
    throw new Error(`${error.message}\n${logs(pair)}`)
  })

  await pair.command('link', 'alpha', 'eth0', 'down')
  await until('beta holds web', 15_000, () => holders(pair) === 'beta').catch(error => {
    throw new Error(`${error.message}\nbut: ${holders(pair)}\n${logs(pair)}`)
  })
  t.regex(logOf(pair, 'alpha'), /WARN: node 10\.77\.0\.254: is dead/)
  await until('alpha says that the link is dead', 15_000, () =>
    logOf(pair, 'alpha').includes('Link 10.77.0.254:10.77.0.254 dead.'),
  )
  t.regex(logOf(pair, 'alpha'), /alpha wants to go standby \[all\]/)
  t.notRegex(logOf(pair, 'beta'), /node 10\.77\.0\.254: is dead/)
  return pair
}

test('ours with ours: the node that lost its ping node gives its group to the other', async t => {
  const pair = await pingLoss(t, 'ours', 'ours')
  await pair.command('link', 'alpha', 'eth0', 'up')
  await answers(pair, 'alpha', ['nodestatus', '10.77.0.254'], 'ping')
  t.is(holders(pair), 'beta')
  await pair.command('exec', 'beta', ...DAEMON.ours, '-k')
  await until('alpha holds web after a graceful stop of beta', 10_000, () => holders(pair) === 'alpha')
  t.regex(logOf(pair, 'beta'), /killing \/usr\/libexec\/heartbeat\/ipfail process group \d+ with signal 15/)
  t.notRegex(logOf(pair, 'alpha') + logOf(pair, 'beta'), /CRIT:|ERROR:/)
})

test('our owner with an original peer: the original takes the group', async t => {
  const pair = await pingLoss(t, 'ours', 'original')
  t.notRegex(logOf(pair, 'beta'), /CRIT:|lost packet/)
  t.notRegex(logOf(pair, 'alpha'), /CRIT:|ERROR:/)
})

test('an original owner with our peer: ours takes the group', async t => {
  const pair = await pingLoss(t, 'original', 'ours')
  t.notRegex(logOf(pair, 'alpha'), /CRIT:/)
  t.notRegex(logOf(pair, 'beta'), /CRIT:|ERROR:/)
})

test('where the program is not installed our built-in ipfail speaks with the packaged one of an original', async t => {
  const hide = ['mount', '--bind', '/dev/null', '/usr/libexec/heartbeat/ipfail']
  const pair = await pingLoss(t, 'ours', 'original', rig => rig.command('exec', 'alpha', ...hide))
  t.regex(logOf(pair, 'alpha'), /the built-in one is used/)
  t.notRegex(logOf(pair, 'beta'), /CRIT:|lost packet/)
  t.notRegex(logOf(pair, 'alpha'), /CRIT:|ERROR:/)
})
