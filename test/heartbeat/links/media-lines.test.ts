import test from 'ava'
import { parseHaCf } from '../../../src/heartbeat/config/ha-cf.js'
import { carriedMedia } from '../../../src/heartbeat/links/media-lines.js'

test('the media of an ha.cf become link lines with their ports; ping hosts and serial lines do not', t => {
  const text = [
    'udpport 700',
    'ucast eth1 10.78.0.1',
    'ucast eth1 10.78.0.2',
    'bcast eth0 eth2',
    'mcast eth1 225.0.0.1 694 1 0',
    'ping 10.77.0.254',
    'serial /dev/null',
    'auto_failback on',
    'logfacility local0',
    'node alpha beta',
  ].join('\n')
  const { value } = parseHaCf(text, { file: 'ha.cf', us: 'alpha' })
  const { lines, notCarried } = carriedMedia(value.media)
  t.deepEqual(lines, [
    { directive: 'ucast', line: 2, device: 'eth1', address: '10.78.0.1', port: 700 },
    { directive: 'ucast', line: 3, device: 'eth1', address: '10.78.0.2', port: 700 },
    { directive: 'bcast', line: 4, device: 'eth0', port: 700 },
    { directive: 'bcast', line: 4, device: 'eth2', port: 700 },
    { directive: 'mcast', line: 5, device: 'eth1', group: '225.0.0.1', port: 694, ttl: 1, loop: false },
  ])
  t.deepEqual(
    notCarried.map(({ kind }) => kind),
    ['serial'],
  )
})
