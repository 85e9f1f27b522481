import test from 'ava'
import { correctedBelief, withoutReaddition } from '../../../src/ldirectord/core/believed.js'
import { reconcile } from '../../../src/ldirectord/core/reconcile.js'
import type { Destination, Edit, Service, Table } from '../../../src/ldirectord/core/table.js'

const key = { protocol: 'tcp', family: 4, address: '10.0.0.1', port: 80 } as const
const entry = (address: string, weight: number): Destination => ({
  address,
  port: 80,
  method: 'gate',
  weight,
  upper: 0,
  lower: 0,
})
const table = (...destinations: Destination[]): Table => {
  const service: Service = {
    key,
    scheduler: 'wrr',
    persistentSeconds: null,
    netmask: null,
    schedulerFlags: '',
    ops: false,
    destinations,
  }
  return { services: [service] }
}
const owned = new Set(['tcp:10.0.0.1:80'])
/** What is still to be done when the edits towards `desired` failed because the table was really `actual`. */
const remaining = (desired: Table, believed: Table, actual: Table): string[] => {
  const failed = reconcile(desired, believed, owned)
  return reconcile(desired, correctedBelief(desired, believed, actual, failed), owned).map(show)
}
const show = (edit: Edit): string =>
  'destination' in edit ? `${edit.kind} ${edit.destination.address}=${edit.destination.weight}` : edit.kind

test('a server that was removed by hand is added when it comes up, and a weight 0 by hand beside it is left alone', t => {
  const believed = table(entry('a', 0), entry('b', 1))
  const actual = table(entry('b', 0))
  t.deepEqual(remaining(table(entry('a', 1), entry('b', 1)), believed, actual), ['addDestination a=1'])
})

test('a service that was removed by hand is built again as a whole', t => {
  const believed = table(entry('a', 0), entry('b', 1))
  t.deepEqual(remaining(table(entry('a', 1), entry('b', 1)), believed, { services: [] }), [
    'addService',
    'addDestination a=1',
    'addDestination b=1',
  ])
})

test('a server that somebody added beside ours is not removed while running', t => {
  const believed = table(entry('a', 1))
  t.deepEqual(remaining(table(entry('a', 0)), believed, table(entry('foreign', 9))), ['addDestination a=0'])
})

test('without readdition a dead server that was removed by hand stays away, and returns when it is up', t => {
  const belief = table(entry('b', 1))
  const down = table(entry('a', 0), entry('b', 1))
  t.deepEqual(reconcile(withoutReaddition(down, belief), belief, owned), [])
  const up = table(entry('a', 1), entry('b', 1))
  t.deepEqual(reconcile(withoutReaddition(up, belief), belief, owned).map(show), ['addDestination a=1'])
})
