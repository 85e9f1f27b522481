/**
 * The package's own clients, unmodified, against our daemons on both nodes. What they print was compared with two
 * originals under the same ha.cf; the lines below are the original's.
 */
import { bin, haPair, readText, until } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

const FILES = {
  'ha.cf': `logfile /var/log/ha-log
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
ping 10.77.0.254
ping_group routers 10.77.0.254 10.78.0.254
auto_failback off
node alpha beta
respawn hacluster /usr/libexec/heartbeat/ccm
`,
  authkeys: 'auth 1\n1 md5 clients-of-the-package\n',
  haresources: 'alpha lsblog::web\n',
}
const DAEMON = [process.execPath, bin('heartbeat')]
const AS_CLIENT = ['setpriv', '--reuid=hacluster', '--regid=haclient', '--clear-groups']

/** Without time, host and pid. */
const said = (output: string): string[] =>
  output.split('\n').map(line =>
    line
      .replace(/^.*?\]: /, '')
      .replace(/\t/g, '')
      .trim(),
  )

test('cl_status, ccm, ccm_testclient and api_test work with our daemons', async t => {
  const pair = await haPair(t, FILES)
  await Promise.all(['alpha', 'beta'].map(node => pair.command('start', node, ...DAEMON, '-f')))
  const logs = (): string =>
    ['alpha', 'beta'].map(node => readText(`${pair.folder}/${node}/log/ha-log`)).join('\n---\n')

  await until('the ccm of both nodes agree', 20_000, async () => {
    const shown = await pair.attempt(['exec', 'alpha', 'cl_status', 'hbstatus', '-v'])
    return /ccm membership with quorum/.test(shown.stdout) && /beta\tactive/.test(shown.stdout)
  }).catch(error => {
    throw new Error(`${error.message}\n${logs()}`)
  })
  // Ping nodes stand before the nodes in this ha.cf, and cl_status prints the list backwards.
  const listed = await pair.command('exec', 'alpha', 'cl_status', 'listnodes')
  t.deepEqual(listed.trim().split('\n'), ['beta', 'alpha', 'routers', '10.77.0.254'])
  t.is(await pair.command('exec', 'alpha', 'cl_status', 'nodestatus', 'routers'), 'ping\n')
  t.is(await pair.command('exec', 'alpha', 'cl_status', 'listhblinks', 'routers'), '\trouters\n')

  /** What it says until it has said all this; it goes on until it is ended. */
  const listen = async (client: string, ...wanted: string[]): Promise<string[]> => {
    await pair.command(
      'bg',
      'alpha',
      client,
      ...AS_CLIENT,
      'timeout',
      '60',
      `/usr/libexec/heartbeat/${client}`,
    )
    const lines = (): string[] => said(readText(`${pair.folder}/alpha/log/${client}.out`))
    const missing = (): string[] => wanted.filter(line => !lines().includes(line))
    await until(`${client} says its lines`, 30_000, () => missing().length === 0).catch(() => {
      throw new Error(`${missing().join('\n')}\nis not in\n${lines().join('\n')}`)
    })
    await pair.command('kill', 'alpha', 'TERM', `libexec/heartbeat/[${client[0]}]${client.slice(1)}`)
    return lines()
  }
  await listen(
    'ccm_testclient',
    'info: event=NEW MEMBERSHIP:',
    'info: MY NODE IS A MEMBER OF THE MEMBERSHIP LIST',
  )
  const lines = await listen(
    'api_test',
    'info: Parameter deadping is [2000ms]',
    'info: Cluster node: beta: status: active',
    'info: node beta: intf: eth1 ifstatus: up',
    'info: Cluster node: 10.77.0.254: status: ping',
    'info: node 10.77.0.254: intf: 10.77.0.254 ifstatus: up',
    'info: alpha/api_test status: [online]',
    'notice: Status update: Client alpha/ping now has status [join]',
    'notice: Status update: Client alpha/ping now has status [online]',
    'notice: Status update: Client beta/ping now has status [offline]',
    'notice: Got message 1 of type [ping] from [alpha]',
    'notice: Got message 11 of type [pingreply] from [alpha]',
  )
  const errors = lines.filter(line => line.startsWith('ERROR'))
  t.deepEqual(errors, ['ERROR: Mandantory Parameter normalpoll is not available!'])

  await pair.command('exec', 'alpha', ...DAEMON, '-k')
  t.notRegex(logs(), /heartbeat: .*(ERROR|CRIT):/)
})
