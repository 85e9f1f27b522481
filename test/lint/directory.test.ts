import test from 'ava'
import { lintDirectory } from '../../src/lint/directory.js'
import { lintPair } from '../../src/lint/peer.js'
import { nodeFiles } from './files.js'

const HA_CF = 'logfile /var/log/ha-log\nucast eth1 10.0.0.2\nauto_failback on\nnode alpha beta\n'
const LDIRECTORD =
  'checkinterval=1\nquiescent=no\nvirtual=10.0.0.50:80\n    real=10.0.0.7:80 gate\n    service=http\n    request="/"\n    receive="ok"\n'

const codesOf = (texts: Record<string, string>, more = {}) =>
  lintDirectory(nodeFiles(texts, more)).diagnostics.map(
    ({ code, file, span }) => `${file}:${span?.line ?? 0} ${code}`,
  )

test('files that fit each other give nothing', t => {
  const texts = {
    'ha.cf': HA_CF,
    authkeys: 'auth 1\n1 sha1 key\n',
    haresources: 'alpha IPaddr2::10.0.0.50/24/eth0 ldirectord\n',
    'ldirectord.cf': LDIRECTORD,
  }
  t.deepEqual(codesOf(texts), [])
})

test('a service address that no resource brings up is named at its virtual line', t => {
  const haresources = 'alpha IPaddr2::10.0.0.51/24/eth0 ldirectord\n'
  t.deepEqual(codesOf({ haresources, 'ldirectord.cf': LDIRECTORD }), [
    'ldirectord.cf:3 address-not-brought-up',
  ])
})

test('an ldirectord.cf that no resource starts is said to lie idle', t => {
  const haresources = 'alpha 10.0.0.50/24/eth0\n'
  t.deepEqual(codesOf({ haresources, 'ldirectord.cf': LDIRECTORD }), [
    'ldirectord.cf:0 ldirectord-not-started',
  ])
})

test('with resource.d known a script that is nowhere is an error, one that is there is none', t => {
  const scripts = ['web']
  t.deepEqual(codesOf({ haresources: 'alpha web wep MailTo::a@b.example\n' }, { scripts }), [
    'haresources:1 unknown-script',
  ])
})

test('with resource.d unknown only a wrong case is an error', t => {
  t.deepEqual(codesOf({ haresources: 'alpha web filesystem::/dev/sdb1::/srv::ext4\n' }), [
    'haresources:1 unknown-script',
  ])
})

test('a haresources node that ha.cf does not name is an error', t => {
  t.deepEqual(codesOf({ 'ha.cf': HA_CF, haresources: 'gamma web\n' }), ['haresources:1 unknown-node'])
})

for (const [argument, code] of [
  ['10.0.0.50/33/eth0', 'bad-argument'],
  ['10.0.0.500', 'bad-argument'],
  ['10.0.0.50/24/eth0/junk', 'bad-argument'],
  ['10.0.0.50/24/0:0', 'label-without-interface'],
] as const) {
  test(`IPaddr2::${argument} is refused: ${code}`, t => {
    t.deepEqual(codesOf({ haresources: `alpha IPaddr2::${argument}\n` }), [`haresources:1 ${code}`])
  })
}

for (const argument of [
  '10.0.0.50',
  '10.0.0.50/24',
  '10.0.0.50/255.255.255.0/eth0',
  '10.0.0.50/24/eth0:1/10.0.0.255',
  '10.0.0.50/24/10.0.0.255',
]) {
  test(`IPaddr2::${argument} is taken`, t => {
    t.deepEqual(codesOf({ haresources: `alpha IPaddr2::${argument}\n` }), [])
  })
}

test('ipfail without ping hosts, or with legacy failback, is warned of', t => {
  const haCf =
    'logfile /l\nucast eth1 10.0.0.2\nnode alpha beta\nrespawn hacluster /usr/libexec/heartbeat/ipfail\n'
  t.deepEqual(codesOf({ 'ha.cf': haCf }), [
    'ha.cf:0 legacy-failback',
    'ha.cf:4 ipfail-legacy',
    'ha.cf:4 ipfail-alone',
  ])
})

const between = (a: Record<string, string>, b: Record<string, string>) =>
  lintPair(nodeFiles(a), nodeFiles(b)).between.map(
    ({ code, severity, message }) => `${severity} ${code} ${message}`,
  )

test('two nodes with the same files have nothing between them', t => {
  const texts = {
    'ha.cf': HA_CF,
    authkeys: 'auth 1\n1 sha1 key\n',
    haresources: 'alpha web\n',
    'ldirectord.cf': LDIRECTORD,
  }
  t.deepEqual(between(texts, texts), [])
})

test('keys, failback, port and times that differ are named; the keys are not shown', t => {
  const found = between(
    { 'ha.cf': HA_CF, authkeys: 'auth 1\n1 sha1 first-secret\n' },
    {
      'ha.cf': `udpport 700\n${HA_CF.replace('on\n', 'off\n')}deadtime 40\n`,
      authkeys: 'auth 1\n1 sha1 second-secret\n',
    },
  ).join('\n')
  t.regex(
    found,
    /error nodes-differ auto_failback wants the same value on both nodes; found on here and off in ha\.cf:4/,
  )
  t.regex(found, /error nodes-differ udpport .* found 694 here and 700/)
  t.regex(found, /warning nodes-differ deadtime .* found 30 here and 40/)
  t.regex(found, /error nodes-differ key 1 wants to be the same/)
  t.notRegex(found, /secret/)
})

test('a group that only one node has, and one whose resources differ, are errors', t => {
  const found = between(
    { haresources: 'alpha 10.0.0.5 web\nalpha 10.0.0.6\n' },
    { haresources: 'alpha 10.0.0.5 mail\nalpha 10.0.0.7\n' },
  )
  t.is(found.length, 3)
  t.regex(found.join('\n'), /found "alpha 10\.0\.0\.6" here, but not in haresources/)
  t.regex(found.join('\n'), /found web here and mail in haresources:1/)
  t.regex(found.join('\n'), /found "alpha 10\.0\.0\.7" only in haresources:2/)
})

test('ping hosts without takeover_needs_ping are remarked upon, until somebody has decided', t => {
  const haCf = `${HA_CF}ping 10.0.0.254\n`
  t.deepEqual(codesOf({ 'ha.cf': haCf }), ['ha.cf:5 takeover-without-ping'])
  for (const said of ['on', 'off'])
    t.deepEqual(codesOf({ 'ha.cf': `${haCf}takeover_needs_ping ${said}\n` }), [])
})
