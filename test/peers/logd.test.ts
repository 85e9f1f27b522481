/** Our daemon logs through the ha_logd of cluster-glue, and goes on without it. */

import { bin, haPair, readText, until } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest(
  'net-admin',
  'heartbeat',
  'cluster-glue',
  'iproute2',
  'util-linux',
  'procps',
  'nftables',
)

const HA_CF = `use_logd on
logfile /var/log/direct
conn_logd_time 1
keepalive 200ms
deadtime 2
warntime 1
initdead 2
udpport 694
bcast eth1
auto_failback on
node alpha beta
`
const LOGD_CF = 'logfile /var/log/through-logd\ndebugfile /var/log/logd-debug\nlogfacility none\n'
const LOGD = '/usr/lib/heartbeat/ha_logd'

test('lines of the daemon, of agents and of scripts go through ha_logd while it runs, else where ha.cf says', async t => {
  const pair = await haPair(t, {
    'ha.cf': HA_CF,
    authkeys: 'auth 1\n1 crc\n',
    haresources: 'alpha IPaddr2::10.77.0.50/24/eth0 lsblog::web\n',
    'logd.cf': LOGD_CF,
  })
  const log = (name: string): string => readText(`${pair.folder}/alpha/log/${name}`)
  const inNode = (...words: string[]): Promise<string> => pair.command('exec', 'alpha', ...words)
  const lineOf = (name: string, text: string): string =>
    log(name)
      .split('\n')
      .find(line => line.includes(text)) ?? ''
  await inNode(LOGD, '-d', '-c', '/etc/ha.d/logd.cf')
  await pair.command('start', 'alpha', process.execPath, bin('heartbeat'), '-f')
  await until('the group runs', 20_000, () => lineOf('through-logd', 'web start') !== '')
  // Recorded from heartbeat 3.0.6 with the same ha_logd: the program, the pid, and the level before the text.
  t.regex(
    lineOf('through-logd', 'Local status now set to'),
    /^\w{3} \d\d [\d:]{8} alpha heartbeat: \[\d+\]: info: Local status now set to: 'up'$/m,
  )
  t.regex(
    lineOf('through-logd', 'Acquiring resource group'),
    / alpha ResourceManager\(default\)\[\d+\]: \[\d+\]: info: Acquiring resource group: /,
  )
  t.is(log('direct'), '')
  await inNode(LOGD, '-k')
  await pair.command('exec', 'alpha', process.execPath, bin('hb_standby'), 'all')
  await until('a line finds its way', 10_000, () => /standby/i.test(log('direct')))
  t.regex(
    log('direct'),
    /WARN: Initializing connection to logging daemon failed\. Logging daemon may not be running/,
  )
  await inNode(LOGD, '-d', '-c', '/etc/ha.d/logd.cf')
  const before = log('through-logd').length
  await until('ha_logd has it again', 20_000, async () => {
    await pair.command('exec', 'alpha', process.execPath, bin('hb_standby'), 'all')
    return log('through-logd').slice(before).includes('heartbeat: [')
  })
  await inNode(process.execPath, bin('heartbeat'), '-k')
  await until('the last words', 15_000, () => log('through-logd').includes('Heartbeat shutdown complete'))
})
