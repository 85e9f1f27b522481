import test from 'ava'
import { Asking } from '../../../src/ldirectord/core/asking.js'
import { plannedChecks } from '../../../src/ldirectord/core/probe.js'
import { config, real, virtual } from '../sample-config.js'

const A = real('10.0.1.1:80')

test('two virtuals that ask the same of the same server share one check', t => {
  const checks = plannedChecks(config([virtual('10.0.0.1:80', [A]), virtual('10.0.0.2:80', [A])]))
  t.is(checks.length, 1)
  t.deepEqual(checks[0]!.targets, [
    { virtual: 0, real: 0 },
    { virtual: 1, real: 0 },
  ])
})

for (const [what, over] of [
  ['request', { request: '/b' }],
  ['receive', { receive: 'b' }],
  ['virtualhost', { virtualhost: 'b' }],
  ['checkport', { checkport: 81 }],
  ['time limit', { checktimeout: 9, negotiatetimeout: 9 }],
  ['checktype', { checktype: 'connect' }],
] as const) {
  test(`another ${what} makes another check`, t => {
    const over1 = { checktype: 'negotiate', service: 'http' } as const
    const file = config([
      virtual('10.0.0.1:80', [A], over1),
      virtual('10.0.0.2:80', [A], { ...over1, ...over }),
    ])
    t.is(plannedChecks(file).length, 2)
  })
}

for (const [checktype, differing] of [
  ['connect', { request: '/b', receive: 'b', service: 'https', login: 'b' }],
  ['ping', { request: '/b', service: 'https', checkport: 81 }],
  ['negotiate', { checkcommand: '/bin/b', checkcount: 3, scheduler: 'rr', comment: 'b' }],
] as const) {
  test(`what no ${checktype} check asks about does not make another check`, t => {
    const over = { checktype, service: 'http', checkcount: 1 } as const
    const virtuals = [
      virtual('10.0.0.1:80', [A], over),
      virtual('10.0.0.2:80', [A], { ...over, ...differing }),
    ]
    t.is(plannedChecks(config(virtuals)).length, 1)
  })
}

test('a mark and an address share a check, but where they are asked over different transports', t => {
  const checks = (service: string, of: 'tcp' | 'udp') => {
    const over = { checktype: 'negotiate', service, receive: 'x' } as const
    const plain = virtual('10.0.0.1:80', [A], over)
    const key = { protocol: of, family: 4, address: '10.0.0.1', port: 80 } as const
    return plannedChecks(config([{ ...plain, key }, virtual('5', [A], over)])).length
  }
  t.is(checks('http', 'tcp'), 1)
  t.is(checks('sip', 'udp'), 2)
  t.is(checks('dns', 'tcp'), 2, 'a mark asks DNS over UDP')
})

test('a server that a drain or maintenance names by another port or address has a check of its own', t => {
  const over = { checktype: 'connect', checkport: 9000 } as const
  const file = config([virtual('10.0.0.1:80', [A, real('10.0.1.1:81')], over)])
  t.is(plannedChecks(file).length, 2)
})

test('external checks are told their virtual, so two virtuals never share one', t => {
  const over = { checktype: 'external', checkcommand: '/bin/check' } as const
  const file = config([virtual('10.0.0.1:80', [A], over), virtual('5', [real('10.0.1.1:80')], over)])
  t.deepEqual(
    plannedChecks(file).map(check => check.probe.external),
    [
      { virtualServer: '10.0.0.1', virtualPort: 80, realServer: '10.0.1.1', realPort: 80 },
      { virtualServer: '5', virtualPort: 0, realServer: '10.0.1.1', realPort: 80 },
    ],
  )
})

test('checktype=off is never checked; on, and negotiate without a service, ask nobody', t => {
  const kinds = (over: Parameters<typeof virtual>[2]) =>
    plannedChecks(config([virtual('10.0.0.1:80', [A], over)])).map(check => check.kind)
  t.deepEqual(kinds({ checktype: 'off' }), [])
  t.deepEqual(kinds({ checktype: 'on' }), ['assumed'])
  t.deepEqual(kinds({ checktype: 'negotiate', service: 'none' }), ['assumed'])
  t.deepEqual(kinds({ checktype: 'connect', service: 'none' }), ['probe'])
})

test('the probed port is checkport, else the written one, else the default of the service', t => {
  const port = (address: string, over: Parameters<typeof virtual>[2]) =>
    plannedChecks(config([virtual('5', [real(address)], over)]))[0]!.probe.port
  t.is(port('10.0.1.1:81', { checkport: 9000 }), 9000)
  t.is(port('10.0.1.1:81', { service: 'https' }), 81)
  t.is(port('10.0.1.1', { service: 'https' }), 443)
})

test('the server of a real with a pair is asked its own request', t => {
  const file = config([
    virtual('10.0.0.1:80', [real('10.0.1.1:80', { request: '/mine', receive: 'yes' }), A], {
      checktype: 'negotiate',
      service: 'http',
      request: '/all',
      receivedigest: 'd41d8cd98f00b204e9800998ecf8427e',
    }),
  ])
  t.deepEqual(
    plannedChecks(file).map(({ probe }) => [probe.request, probe.receive, probe.receivedigest]),
    [
      ['/mine', 'yes', null],
      ['/all', '', 'd41d8cd98f00b204e9800998ecf8427e'],
    ],
  )
})

test('a ping may use the time of all its tries', t => {
  const file = config([virtual('10.0.0.1:80', [A], { checktype: 'ping', checkcount: 3, checktimeout: 2 })])
  t.is(plannedChecks(file)[0]!.probe.timeoutMs, 6_000)
})

test('checkinterval of a virtual counts only with fork=yes', t => {
  const virtuals = [virtual('10.0.0.1:80', [A], { checkinterval: 3 })]
  t.is(plannedChecks(config(virtuals, { checkinterval: 7 }))[0]!.periodMs, 7_000)
  t.is(plannedChecks(config(virtuals, { checkinterval: 7, fork: true }))[0]!.periodMs, 3_000)
})

test('checktype=3 negotiates, connects three times, negotiates; a failure makes the next one a negotiate', t => {
  const over = { checktype: 'combined', combinedConnects: 3, service: 'http' } as const
  const check = plannedChecks(config([virtual('10.0.0.1:80', [A], over)]))[0]!
  const asking = new Asking()
  const ask = (passed: boolean): string => {
    const { checktype } = asking.probe(check)
    asking.answered(check, passed)
    return checktype
  }
  t.deepEqual([true, true, true, true, true, true, false, true].map(ask), [
    'negotiate',
    'connect',
    'connect',
    'connect',
    'negotiate',
    'connect',
    'connect',
    'negotiate',
  ])
})

test('a complete URL is asked of a proxy, and by the request on the line of a real server; never by a section', t => {
  const url = '/http://www.example.org/x'
  const request = (service: string, where: 'line' | 'section', text = url) => {
    const own = where === 'line' ? { ...A, request: text } : A
    const over = { checktype: 'negotiate', service, ...(where === 'section' && { request: text }) } as const
    return plannedChecks(config([virtual('10.0.0.1:80', [own], over)]))[0]!.probe.request
  }
  t.is(request('http_proxy', 'section'), 'http://www.example.org/x')
  t.is(request('http_proxy', 'line'), 'http://www.example.org/x')
  t.is(request('http', 'line'), 'http://www.example.org/x')
  t.is(request('https', 'line'), url)
  t.is(request('http', 'section'), url)
  t.is(request('http', 'line', '/x'), '/x')
})
