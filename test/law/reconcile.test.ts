/** Laws of reconcile over generated tables: it reaches what is desired in one pass, and never by way of nothing. */
import test from 'ava'
import fc from 'fast-check'
import { applyEdit, applyEdits } from '../../src/ldirectord/core/edit-table.js'
import { byServiceId, reconcile } from '../../src/ldirectord/core/reconcile.js'
import { endpoint, type Service, serviceId, type Table } from '../../src/ldirectord/core/table.js'

const destination = fc.record({
  address: fc.constantFrom('10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.1.4'),
  port: fc.constantFrom(80, 8080),
  method: fc.constantFrom('gate', 'masq', 'ipip'),
  weight: fc.constantFrom(0, 0, 1, 5),
  upper: fc.constantFrom(0, 20),
  lower: fc.constantFrom(0, 10),
})
const service: fc.Arbitrary<Service> = fc.record({
  key: fc.constantFrom<Service['key'][]>(
    { protocol: 'tcp', family: 4, address: '10.0.0.1', port: 80 },
    { protocol: 'udp', family: 4, address: '10.0.0.1', port: 80 },
    { protocol: 'tcp', family: 6, address: 'fd00::1', port: 80 },
    { protocol: 'fwm', family: 4, mark: 5 },
    { protocol: 'fwm', family: 6, mark: 5 },
  ),
  scheduler: fc.constantFrom('wrr', 'wlc'),
  persistentSeconds: fc.constantFrom(null, 60),
  netmask: fc.constantFrom(null, '255.255.255.0'),
  schedulerFlags: fc.constantFrom('', 'sh-port'),
  ops: fc.boolean(),
  destinations: fc.uniqueArray(destination, {
    selector: entry => endpoint(entry.address, entry.port),
    maxLength: 5,
  }),
})
const table: fc.Arbitrary<Table> = fc
  .uniqueArray(service, { selector: entry => serviceId(entry.key), maxLength: 5 })
  .map(services => ({ services }))

const all = (...tables: Table[]): Set<string> =>
  new Set(tables.flatMap(({ services }) => services.map(entry => serviceId(entry.key))))
/** Tables are equal when they hold the same, in whatever order. */
const sorted = ({ services }: Table): unknown =>
  services
    .map(entry => ({
      ...entry,
      destinations: [...entry.destinations].sort((a, b) =>
        endpoint(a.address, a.port).localeCompare(endpoint(b.address, b.port)),
      ),
    }))
    .sort((a, b) => serviceId(a.key).localeCompare(serviceId(b.key)))
const serves = (entry: Service | undefined): boolean =>
  entry?.destinations.some(({ weight }) => weight > 0) ?? false

test('a table that is as desired needs no edit', t => {
  fc.assert(fc.property(table, same => t.deepEqual(reconcile(same, same, all(same)), [])))
})

test('one pass of edits, none of them refused, leads from any table to any desired one', t => {
  fc.assert(
    fc.property(table, table, (desired, current) => {
      const edits = reconcile(desired, current, all(desired, current))
      let reached = current
      for (const edit of edits) {
        const { table: next, error } = applyEdit(reached, edit)
        t.is(error, null)
        reached = next
      }
      t.deepEqual(sorted(reached), sorted(desired))
    }),
  )
})

test('a service that can serve before and after can serve after every single edit', t => {
  fc.assert(
    fc.property(table, table, (desired, current) => {
      const wanted = byServiceId(desired)
      const steady = current.services.filter(
        entry => serves(entry) && serves(wanted.get(serviceId(entry.key))),
      )
      let reached = current
      for (const edit of reconcile(desired, current, all(desired, current))) {
        reached = applyEdit(reached, edit).table
        for (const { key } of steady) t.true(serves(byServiceId(reached).get(serviceId(key))))
      }
    }),
  )
})

test('services that are not owned and not desired are never touched', t => {
  fc.assert(
    fc.property(table, table, (desired, current) => {
      const reached = applyEdits(current, reconcile(desired, current, all(desired)))
      const foreign = current.services.filter(entry => !all(desired).has(serviceId(entry.key)))
      for (const entry of foreign) t.deepEqual(byServiceId(reached).get(serviceId(entry.key)), entry)
    }),
  )
})
