import test from 'ava'
import { type HaCfReading, parseHaCf } from '../../../src/heartbeat/config/ha-cf.js'
import { haCfDirectives } from '../../../src/heartbeat/config/ha-cf-table.js'
import { render } from '../../../src/syntax/diagnostic.js'

const BASE = 'logfile /var/log/ha-log\nucast eth1 10.0.0.2\nauto_failback on\nnode alpha beta\n'
const read = (more = '', base = BASE): HaCfReading => parseHaCf(base + more, { file: 'ha.cf', us: 'alpha' })
const shown = (reading: HaCfReading): string => reading.diagnostics.map(render).join('\n')

test('a small right file has no diagnostics', t => {
  t.deepEqual(read('keepalive 1\ndeadtime 30\n').diagnostics, [])
})

test('values are keyed by directive, times in milliseconds, nodes lower-cased', t => {
  const { value } = read(
    'keepalive 200ms\ndeadtime 10\nwarntime 4\ninitdead 60\nnode GAMMA\ndebug 1\nlogfacility local0\n',
  )
  t.like(value, { keepalive: 200, deadtime: 10_000, warntime: 4000, initdead: 60_000, auto_failback: 'on' })
  t.like(value, {
    debug: 1,
    logfacility: 'local0',
    logfile: '/var/log/ha-log',
    use_logd: false,
    udpport: 694,
  })
  t.deepEqual(value.node, ['alpha', 'beta', 'gamma'])
})

// The original's rule: deadtime if > 10 s; 12 s if deadtime < 6 s; else 2 x deadtime.
const initdeads: [string, number][] = [
  ['30', 30_000],
  ['10001ms', 10_001],
  ['10', 20_000],
  ['6', 12_000],
  ['5999ms', 12_000],
  ['3', 12_000],
]
for (const [deadtime, initdead] of initdeads) {
  test(`initdead of deadtime ${deadtime} is ${initdead} ms, warntime half of deadtime, deadping the same`, t => {
    const { value } = read(`keepalive 500ms\ndeadtime ${deadtime}\n`)
    t.is(value.initdead, initdead)
    t.is(value.warntime, Math.floor(value.deadtime / 2))
    t.is(value.deadping, value.deadtime)
  })
}

test('media keep the order of the file, and each kind the udpport above its first line', t => {
  const { value } = read('udpport 700\nbcast eth0 eth2\nudpport 701\nucast eth3 10.1.0.2\nping 10.0.0.254\n')
  t.deepEqual(
    value.media.map(medium => [medium.kind, medium.udpport]),
    // Measured: a kind keeps the port that it has when its first line is read.
    [
      ['ucast', 694],
      ['bcast', 700],
      ['bcast', 700],
      ['ucast', 694],
      ['ping', 701],
    ],
  )
})

test('mcast, ping_group and ucast6 lines become values', t => {
  const { value, diagnostics } = read(
    'mcast eth1 225.0.0.1 695 2 1\nping_group g 10.0.0.1 10.0.0.3\nucast6 eth1 fe80::1\nserial /dev/ttyS0\n',
  )
  t.deepEqual(diagnostics, [])
  t.like(value.media[1], { kind: 'mcast', device: 'eth1', group: '225.0.0.1', port: 695, ttl: 2, loop: true })
  t.like(value.media[2], { kind: 'ping_group', name: 'g', hosts: ['10.0.0.1', '10.0.0.3'] })
  t.like(value.media[3], { kind: 'ucast6', device: 'eth1', address: 'fe80::1' })
  t.like(value.media[4], { kind: 'serial', device: '/dev/ttyS0', baud: 19_200 })
})

test('children and clients keep their words', t => {
  const { value, diagnostics } = read(
    'respawn root /bin/sleep 5\napiauth mon uid=root,0 gid=haclient\nenv A=1 B=x=y\nstonith_host * ssh alpha beta\n',
  )
  t.deepEqual(diagnostics, [])
  t.like(value.respawn[0], { user: 'root', path: '/bin/sleep', command: '/bin/sleep 5' })
  t.like(value.apiauth[0], { name: 'mon', uid: ['root', '0'], gid: ['haclient'] })
  t.deepEqual(
    value.env.map(({ name, value }) => [name, value]),
    [
      ['A', '1'],
      ['B', 'x=y'],
    ],
  )
  t.like(value.stonith_host[0], { host: '*', type: 'ssh', parameters: 'alpha beta' })
})

// The environment of a respawned child of heartbeat 3.0.6 with this file.
test('the recorded texts are what children of the original find as HA_<directive>', t => {
  const { value } = read(
    'keepalive 200ms\nkeepalive 1\ndeadtime 3\nwarntime 900ms\ninitdead 10\ncrm off\nlog_badpack off\n',
  )
  const want = {
    keepalive: '1',
    deadtime: '3',
    deadping: '3000ms',
    warntime: '900ms',
    pacemaker: 'off',
    log_badpack: 'off',
    record_pengine_inputs: 'on',
    baud: '19200',
    udpport: '694',
    debug: '0',
    cluster: 'linux-ha',
    auto_failback: 'on',
  }
  for (const [name, text] of Object.entries(want)) t.is(value.recorded.get(name), text, name)
  for (const name of ['node', 'ucast', 'logfacility', 'coreroot', 'nice_failback', 'env', 'crm']) {
    t.false(value.recorded.has(name), name)
  }
})

test('all problems of a file are found in one pass, each at its line and column', t => {
  const reading = read('keepalve 2\ndeadtime ten\nKeepalive 1\nmsgfmt maybe\n')
  t.is(reading.exitStatus, 6)
  t.is(
    shown(reading),
    [
      'ha.cf:5:1: error: unknown directive "keepalve"; did you mean "keepalive"? [unknown-directive]',
      '    keepalve 2',
      '    ^~~~~~~~',
      '    help: write "keepalive"',
      'ha.cf:6:10: error: deadtime wants a time such as 2, 0.5 or 500ms; found "ten" [bad-value]',
      '    deadtime ten',
      '             ^~~',
      'ha.cf:7:1: error: unknown directive "Keepalive"; did you mean "keepalive"? [unknown-directive]',
      '    Keepalive 1',
      '    ^~~~~~~~~',
      '    help: directive names are case-sensitive: write "keepalive"',
      'ha.cf:8:8: error: msgfmt wants "classic" or "netstring"; found "maybe" [bad-value]',
      '    msgfmt maybe',
      '           ^~~~~',
    ].join('\n'),
  )
})

test('the caret stands under the wrong word of a line of several', t => {
  const reading = read('mcast eth1 225.0.0.1 694 9 0\n')
  t.deepEqual(reading.diagnostics[0]?.span, { line: 5, column: 26, length: 1 })
  t.is(reading.diagnostics[0]?.message, 'mcast wants a TTL from 0 to 4; found "9"')
})

test('a time with a unit that is none is answered with what to write', t => {
  t.regex(shown(read('deadtime 2m\n')), /help: a bare number is seconds: write "120"/)
})

const warnings: [string, string, RegExp][] = [
  ['warntime not below deadtime', 'deadtime 10\nwarntime 10\n', /warntime wants less than deadtime \(10\)/],
  ['warntime not above keepalive', 'keepalive 2\nwarntime 2\n', /warntime wants more than keepalive \(2\)/],
  ['deadtime below three keepalives', 'deadtime 2500ms\n', /two lost heartbeats make a node dead/],
  [
    'a directive given twice',
    'keepalive 1\nkeepalive 2\n',
    /keepalive is given twice \(first at ha.cf:5\); the last/,
  ],
  ['a directive with two values', 'keepalive 1 2\n', /keepalive wants one value; found 2/],
  ['a directive without value', 'keepalive\n', /found nothing, so the line does nothing/],
  ['a node named twice', 'node beta\n', /node beta is named twice \(first at ha.cf:4\)/],
  ['a number with letters behind it', 'debug 1x\n', /debug: "1x" is read as 1/],
  ['udpport below its media', 'udpport 700\n', /udpport comes too late for ucast, which keeps port 694/],
  ['words behind an address', 'ucast eth2 10.0.0.3 10.0.0.4\n', /the rest is ignored/],
  ['a short initdead', 'deadtime 3\ninitdead 5\n', /initdead of 5 may end before the network is up/],
]
for (const [what, text, message] of warnings) {
  test(`${what}: accepted with a warning`, t => {
    const reading = read(text)
    t.is(reading.exitStatus, 0)
    t.is(reading.diagnostics.filter(({ severity }) => severity === 'error').length, 0)
    t.regex(shown(reading), message)
  })
}

test('an unknown node name of ours is not missed', t => {
  t.deepEqual(parseHaCf(BASE, { file: 'ha.cf', us: null }).diagnostics, [])
})

test('every directive of the table is read: none falls through as unknown', t => {
  for (const name of Object.keys(haCfDirectives)) {
    const codes = read(`${name} x\n`).diagnostics.map(({ code }) => code)
    t.false(codes.includes('unknown-directive'), name)
  }
})
