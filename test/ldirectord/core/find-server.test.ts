import test from 'ava'
import { findServer } from '../../../src/ldirectord/core/find-server.js'
import { config, real, virtual } from '../sample-config.js'

const FILE = config([
  virtual('10.0.0.1:80', [real('10.0.1.1:80', { text: 'web1:http gate' }), real('10.0.1.2:80')], {
    servicename: 'Shop',
  }),
  virtual('10.0.0.1:443', [real('10.0.1.1:443', { text: 'web1:443 gate' })]),
  virtual('7', [real('10.0.1.9', { text: '10.0.1.8->10.0.1.9 masq' })]),
  virtual('[fd00::1]:80', [real('x:80', { text: '[fd00:0::2]:80 masq', address: 'fd00:0::2' })], {
    key: { protocol: 'tcp', family: 6, address: 'fd00:0::1', port: 80 },
  }),
])

const FOUND: readonly [server: string, virtual: string | null, place: string][] = [
  ['10.0.1.1:80', null, '10.0.1.1 80 -'],
  ['10.0.1.1', null, '10.0.1.1 - -'],
  ['web1', null, '10.0.1.1 - -'],
  ['web1:443', null, '10.0.1.1 443 -'],
  ['web1:http', null, '10.0.1.1 80 -'],
  ['10.0.1.1', '10.0.0.1:443', '10.0.1.1 - tcp:10.0.0.1:443'],
  ['10.0.1.2', 'Shop', '10.0.1.2 - tcp:10.0.0.1:80'],
  ['10.0.1.2', 'tcp:10.0.0.1:80', '10.0.1.2 - tcp:10.0.0.1:80'],
  ['10.0.1.9', '7', '10.0.1.9 - fwm:7'],
  ['fd00::2', null, 'fd00::2 - -'],
  ['[fd00::2]:80', '[fd00::1]:80', 'fd00::2 80 tcp:[fd00::1]:80'],
]
for (const [server, where, expected] of FOUND) {
  test(`${server} in ${where ?? 'all'} is ${expected}`, t => {
    const place = findServer(FILE, server, where)
    if (typeof place === 'string') return t.fail(place)
    t.is(`${place.address} ${place.port ?? '-'} ${place.virtual ?? '-'}`, expected)
  })
}

test('what is not in the file is refused in one sentence that says where it was looked for', t => {
  t.is(findServer(FILE, '10.0.1.3', null), 'no real server 10.0.1.3 in /etc/ha.d/ldirectord.cf')
  t.is(findServer(FILE, '10.0.1.1:81', null), 'no real server 10.0.1.1:81 in /etc/ha.d/ldirectord.cf')
  t.regex(
    findServer(FILE, '10.0.1.2', '10.0.0.1:443') as string,
    /^no real server .* virtual service 10\.0\.0\.1:443/,
  )
  t.regex(findServer(FILE, '10.0.1.1', 'nowhere') as string, /^no virtual service nowhere/)
  t.regex(
    findServer(FILE, '10.0.1.8->10.0.1.9', null) as string,
    /^no real server/,
    'a range is many servers',
  )
})
