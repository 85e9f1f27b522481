import test from 'ava'
import { desiredService } from '../../../src/ldirectord/core/desired.js'
import { endpoint } from '../../../src/ldirectord/core/table.js'
import { config, real, virtual } from '../sample-config.js'

const sorry = { address: '127.0.0.1', port: null, method: 'gate' as const, line: 1 }
const A = real('10.0.1.1:80', { weight: 3 })
const B = real('10.0.1.2:80')

/** `10.0.1.1:80=3` for each destination, with the servers of these places up. */
function listed(file: ReturnType<typeof config>, up: readonly number[]): string[] {
  return desiredService(file, 0, (_, index) => up.includes(index)).destinations.map(
    entry => `${endpoint(entry.address, entry.port)}=${entry.weight}`,
  )
}

test('quiescent=yes keeps a server that is not up at weight 0', t => {
  t.deepEqual(listed(config([virtual('10.0.0.1:80', [A, B])]), [0]).sort(), [
    '10.0.1.1:80=3',
    '10.0.1.2:80=0',
  ])
})

test('quiescent=no leaves a server that is not up out', t => {
  t.deepEqual(listed(config([virtual('10.0.0.1:80', [A, B], { quiescent: false })]), [0]), ['10.0.1.1:80=3'])
})

test('the fallback stands in the table only while no server is up', t => {
  const file = config([virtual('10.0.0.1:8080', [A], { quiescent: false, fallback: sorry })])
  t.deepEqual(listed(file, []), ['127.0.0.1:8080=1'])
  t.deepEqual(listed(file, [0]), ['10.0.1.1:8080=3'])
})

test('the global fallback serves a virtual without its own, also a mark, with its written port or 0', t => {
  const address = config([virtual('10.0.0.1:80', [A], { quiescent: false })], { fallback: sorry })
  t.deepEqual(listed(address, []), ['127.0.0.1:80=1'])
  const mark = config([virtual('5', [A], { quiescent: false })], { fallback: sorry })
  t.deepEqual(listed(mark, []), ['127.0.0.1:0=1'])
})

for (const [method, port] of [
  ['gate', 80],
  ['ipip', 80],
  ['masq', 8080],
] as const) {
  test(`a ${method} server written with port 8080 of a service on 80 stands in the table with ${port}`, t => {
    const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:8080', { method })])])
    t.deepEqual(listed(file, [0]), [`10.0.1.1:${port}=1`])
  })
}

test('a mark keeps the port that was written, whatever the method', t => {
  t.deepEqual(listed(config([virtual('5', [real('10.0.1.1:8080')])]), [0]), ['10.0.1.1:8080=1'])
})

test('a server written twice is one entry, up when one of the two is up', t => {
  t.deepEqual(listed(config([virtual('10.0.0.1:80', [A, A])]), [1]), ['10.0.1.1:80=3'])
})

test('thresholds rest while a server is quiescent and return with its weight, as in the original', t => {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80', { upper: 20, lower: 10 })])])
  t.like(desiredService(file, 0, () => false).destinations[0], { weight: 0, upper: 0, lower: 0 })
  t.like(desiredService(file, 0, () => true).destinations[0], { weight: 1, upper: 20, lower: 10 })
})

test('a mask without persistence, or of one host, is none', t => {
  const mask = (over: Parameters<typeof virtual>[2]) =>
    desiredService(config([virtual('10.0.0.1:80', [A], over)]), 0, () => true).netmask
  t.is(mask({ netmask: '255.255.255.0' }), null)
  t.is(mask({ netmask: '255.255.255.255', persistent: 60 }), null)
  t.is(mask({ netmask: '255.255.255.0', persistent: 60 }), '255.255.255.0')
})

test('IPv6 is written in its shortest form, so that it equals what the kernel shows', t => {
  const key = { protocol: 'tcp', family: 6, address: 'FD00:0:0::1', port: 80 } as const
  const file = config([virtual('x:80', [real('10.0.1.1:80', { address: 'fd00:0:0:0:0:0:0:2' })], { key })])
  const service = desiredService(file, 0, () => true)
  t.like(service.key, { address: 'fd00::1' })
  t.is(service.destinations[0]!.address, 'fd00::2')
})
