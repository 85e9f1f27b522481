// The proxy's table: the kernel's complaints, weights, thresholds, persistence. No sockets, virtual time.
import test from 'ava'
import fc from 'fast-check'
import type { Destination, Service } from '../../../src/ldirectord/core/table.js'
import { LiveTable } from '../../../src/ldirectord/proxy/core/live-table.js'
import { isNetmask, networkOf } from '../../../src/ldirectord/proxy/core/netmask.js'
import { Persistence } from '../../../src/ldirectord/proxy/core/persistence.js'
import { destinationOf, serviceOf, tcp } from './table-values.js'

const key = tcp('127.0.0.5', 8080)
const real = (n: number, changes: Partial<Destination> = {}): Destination =>
  destinationOf(`10.1.0.${n}`, 80, changes)

function tableWith(service: Partial<Service>, destinations: readonly Destination[]): LiveTable {
  const table = new LiveTable()
  table.apply({ kind: 'addService', service: serviceOf(key, service) })
  for (const destination of destinations) table.apply({ kind: 'addDestination', key, destination })
  return table
}
const choose = (table: LiveTable, address = '192.0.2.1', nowMs = 0, tried = new Set<never>()) =>
  table.choose(table.services.get('tcp:127.0.0.5:8080')!, { address, port: 4711 }, nowMs, tried)
const chosen = (table: LiveTable, address?: string, nowMs?: number): string | null =>
  choose(table, address, nowMs)?.settings.address ?? null

test('the messages are those of ipvsadm', t => {
  const table = new LiveTable()
  const service = serviceOf(key)
  t.is(table.apply({ kind: 'addDestination', key, destination: real(1) }), 'Service not defined')
  t.is(table.apply({ kind: 'editService', service }), 'No such service')
  t.is(table.apply({ kind: 'deleteService', key }), 'No such service')
  t.is(table.apply({ kind: 'addService', service }), null)
  t.is(table.apply({ kind: 'addService', service }), 'Service already exists')
  t.is(table.apply({ kind: 'editDestination', key, destination: real(1) }), 'No such destination')
  t.is(table.apply({ kind: 'deleteDestination', key, destination: real(1) }), 'No such destination')
  t.is(table.apply({ kind: 'addDestination', key, destination: real(1) }), null)
  t.is(table.apply({ kind: 'addDestination', key, destination: real(1) }), 'Destination already exists')
})

test('what the proxy cannot do is refused with a sentence', t => {
  const table = new LiveTable()
  const add = (service: Service): string => table.apply({ kind: 'addService', service }) ?? 'accepted'
  t.is(
    add(serviceOf({ protocol: 'fwm', family: 4, mark: 5 })),
    'the proxy cannot see firewall marks: write a section for each address and port behind mark 5, or use forwarder=ipvs or nft',
  )
  t.regex(add(serviceOf(key, { scheduler: 'lblc' })), /no scheduler lblc; it knows rr, wrr/)
  t.regex(add(serviceOf(key, { netmask: '24' })), /no netmask/)
  t.regex(add(serviceOf(tcp('127.0.0.5', 0))), /port/)
  t.deepEqual(table.table(), { services: [] })
})

test('a destination that leads back to its service is refused, through other services too', t => {
  const table = tableWith({}, [])
  const other = tcp('127.0.0.6', 8080)
  table.apply({ kind: 'addService', service: serviceOf(other) })
  const itself = destinationOf('127.0.0.5', 8080)
  t.regex(table.apply({ kind: 'addDestination', key, destination: itself }) ?? '', /round for ever/)
  t.is(table.apply({ kind: 'addDestination', key, destination: destinationOf('127.0.0.6', 8080) }), null)
  t.regex(table.apply({ kind: 'addDestination', key: other, destination: itself }) ?? '', /round for ever/)
})

test('what was applied can be read back', t => {
  const destinations = [real(1, { weight: 0, upper: 10, lower: 5 }), real(2, { method: 'gate', weight: 7 })]
  const settings = { scheduler: 'wlc', persistentSeconds: 60, netmask: '255.255.255.0', schedulerFlags: '' }
  const table = tableWith(settings, destinations)
  t.deepEqual(table.table(), { services: [serviceOf(key, { ...settings, destinations })] })
  table.apply({ kind: 'editService', service: serviceOf(key, { scheduler: 'sh' }) })
  table.apply({ kind: 'editDestination', key, destination: real(1, { weight: 3 }) })
  table.apply({ kind: 'deleteDestination', key, destination: real(2) })
  t.deepEqual(table.table(), {
    services: [serviceOf(key, { scheduler: 'sh', destinations: [real(1, { weight: 3 })] })],
  })
})

test('weight 0 gets no new connection; without another server nobody gets one', t => {
  const table = tableWith({}, [real(1, { weight: 0 }), real(2)])
  t.deepEqual([chosen(table), chosen(table)], ['10.1.0.2', '10.1.0.2'])
  table.apply({ kind: 'editDestination', key, destination: real(2, { weight: 0 }) })
  t.is(chosen(table), null)
})

test('a destination that just refused is not tried again for the same connection', t => {
  const table = tableWith({}, [real(1), real(2)])
  const first = choose(table)!
  const second = choose(table, '192.0.2.1', 0, new Set([first]) as never)!
  t.not(second, first)
  t.is(choose(table, '192.0.2.1', 0, new Set([first, second]) as never), null)
})

test('at its upper threshold a server is left alone until it falls below the lower one', t => {
  const table = tableWith({ scheduler: 'fo' }, [real(1, { weight: 9, upper: 4, lower: 2 }), real(2)])
  const heavy = choose(table)!
  for (let n = 0; n < 4; n++) heavy.count('none', 'active')
  t.is(chosen(table), '10.1.0.2')
  heavy.count('active', 'none')
  heavy.count('active', 'inactive')
  t.is(chosen(table), '10.1.0.2', 'three connections are not below two')
  heavy.count('inactive', 'none')
  heavy.count('active', 'none')
  t.is(chosen(table), '10.1.0.1')
})

test('without a lower threshold a server is free again below three quarters of the upper one', t => {
  const table = tableWith({ scheduler: 'fo' }, [real(1, { weight: 9, upper: 4 }), real(2)])
  const heavy = choose(table)!
  for (let n = 0; n < 4; n++) heavy.count('none', 'active')
  heavy.count('active', 'none')
  t.is(chosen(table), '10.1.0.2')
  heavy.count('active', 'none')
  t.is(chosen(table), '10.1.0.1')
})

test('a deleted destination that comes back still knows its open connections', t => {
  const table = tableWith({}, [real(1)])
  choose(table)!.count('none', 'active')
  table.apply({ kind: 'deleteDestination', key, destination: real(1) })
  t.deepEqual([chosen(table), table.counters()], [null, []])
  table.apply({ kind: 'addDestination', key, destination: real(1) })
  t.is(table.counters()[0]!.activeConnections, 1)
})

test('persistence keeps a network on one server, and each new connection starts the time anew', t => {
  const table = tableWith({ persistentSeconds: 10, netmask: '255.255.255.0' }, [real(1), real(2), real(3)])
  const first = chosen(table, '192.0.2.1', 0)
  t.is(chosen(table, '192.0.2.200', 9_000), first)
  t.is(chosen(table, '192.0.2.3', 18_000), first)
  t.not(chosen(table, '192.0.3.1', 18_000), first, 'another network takes the next turn')
  t.not(chosen(table, '192.0.2.1', 28_000), first, 'the time is over')
})

test('persistence leaves a server of weight 0, and a deleted one', t => {
  const table = tableWith({ persistentSeconds: 300 }, [real(1), real(2)])
  const first = choose(table)!
  table.apply({ kind: 'editDestination', key, destination: { ...first.settings, weight: 0 } })
  const second = choose(table)!
  t.not(second, first)
  table.apply({ kind: 'deleteDestination', key, destination: second.settings })
  t.is(choose(table), null)
})

test('templates are bounded: the one that was used longest ago makes room', t => {
  const table = tableWith({}, [real(1)])
  const destination = choose(table)!
  const persistence = new Persistence(2)
  for (const address of ['a', 'b', 'a', 'c']) persistence.remember(address, null, destination, 1_000)
  t.is(persistence.size, 2)
  t.deepEqual([persistence.find('a', null, 0), persistence.find('b', null, 0)], [destination, null])
  persistence.forgetExpired(1_000)
  t.is(persistence.size, 0)
})

test('networks are compared by mask: dotted for IPv4, prefix length for IPv6', t => {
  t.is(networkOf('192.0.2.77', '255.255.255.192'), '192.0.2.64')
  const same = (a: string, b: string, prefix: string): boolean =>
    networkOf(a, prefix) === networkOf(b, prefix)
  t.true(same('2001:db8::1', '2001:db8:0:0:ffff::2', '64'))
  t.false(same('2001:db8::1', '2001:db8:0:1::1', '64'))
  t.true(same('2001:db8::', '2001:db8:0:1::1', '63'))
  t.true(same('::ffff:192.0.2.1', '::ffff:c000:201', '128'))
  t.deepEqual(
    ['255.255.255.0', '256.0.0.0', '24'].map(mask => isNetmask(4, mask)),
    [true, false, false],
  )
  t.deepEqual(
    ['64', '0', '129', '255.0.0.0'].map(mask => isNetmask(6, mask)),
    [true, false, false, false],
  )
})

test('no sequence of edits throws, and a refused edit changes nothing', t => {
  const anyKey = fc.constantFrom(key, tcp('127.0.0.6', 80), tcp('::1', 80))
  const anyDestination = fc.record({
    address: fc.constantFrom('10.1.0.1', '10.1.0.2', '127.0.0.5', '127.0.0.6'),
    port: fc.constantFrom(80, 8080),
    method: fc.constantFrom('masq' as const, 'gate' as const),
    weight: fc.nat(3),
    upper: fc.nat(3),
    lower: fc.nat(3),
  })
  const anyEdit = fc.oneof(
    fc.record({
      kind: fc.constantFrom('addService' as const, 'editService' as const),
      service: fc
        .record({ key: anyKey, scheduler: fc.constantFrom('rr', 'wlc', 'none') })
        .map(s => serviceOf(s.key, s)),
    }),
    fc.record({ kind: fc.constant('deleteService' as const), key: anyKey }),
    fc.record({
      kind: fc.constantFrom(
        'addDestination' as const,
        'editDestination' as const,
        'deleteDestination' as const,
      ),
      key: anyKey,
      destination: anyDestination,
    }),
  )
  fc.assert(
    fc.property(fc.array(anyEdit, { maxLength: 30 }), edits => {
      const table = new LiveTable()
      for (const edit of edits) {
        const before = table.table()
        const error = table.apply(edit)
        if (error !== null) t.deepEqual(table.table(), before)
      }
    }),
    { numRuns: 200 },
  )
})
