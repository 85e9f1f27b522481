import test from 'ava'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { applyEdit, applyEdits } from '../../../src/ldirectord/core/edit-table.js'
import { reconcile } from '../../../src/ldirectord/core/reconcile.js'
import { type Edit, EMPTY_TABLE, type Table } from '../../../src/ldirectord/core/table.js'
import { config, real, virtual } from '../sample-config.js'

const file = config([
  virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:80')]),
  virtual('10.0.0.2:80', [real('10.0.1.1:80')]),
])
const full = desiredTable(file, () => true)
const [first, second] = full.services as [Table['services'][0], Table['services'][0]]
const entry = first.destinations[0]!

// The sentences are ipvsadm 1.31's.
const REFUSED: readonly (readonly [string, Edit])[] = [
  ['Service already exists', { kind: 'addService', service: first }],
  ['Destination already exists', { kind: 'addDestination', key: first.key, destination: entry }],
  ['No such destination', { kind: 'deleteDestination', key: first.key, destination: { ...entry, port: 81 } }],
  ['No such destination', { kind: 'editDestination', key: first.key, destination: { ...entry, port: 81 } }],
]

test('what the kernel would refuse is refused in its words and leaves the very same table', t => {
  for (const [sentence, edit] of REFUSED) {
    const { table, error } = applyEdit(full, edit)
    t.is(error, sentence)
    t.is(table, full)
  }
  const none: Edit = { kind: 'addDestination', key: first.key, destination: entry }
  t.is(applyEdit(EMPTY_TABLE, none).error, 'Service not defined')
  t.is(applyEdit(EMPTY_TABLE, { kind: 'deleteService', key: first.key }).error, 'No such service')
})

test('many edits do what they do one by one; the ones refused in between are left out', t => {
  const edits = [...reconcile(full, EMPTY_TABLE, new Set()), ...REFUSED.map(([, edit]) => edit)]
  const oneByOne = edits.reduce<Table>((table, edit) => applyEdit(table, edit).table, EMPTY_TABLE)
  t.deepEqual(applyEdits(EMPTY_TABLE, edits), oneByOne)
  t.deepEqual(oneByOne, full)
})

test('a service that was deleted comes back empty and last, a changed server keeps its place', t => {
  const lighter = { ...entry, weight: 0 }
  const edits: Edit[] = [
    { kind: 'editDestination', key: first.key, destination: lighter },
    { kind: 'deleteService', key: first.key },
    { kind: 'addService', service: first },
    { kind: 'editDestination', key: second.key, destination: lighter },
  ]
  const { services } = applyEdits(full, edits)
  t.deepEqual(services, [
    { ...second, destinations: [lighter] },
    { ...first, destinations: [] },
  ])
  const kept = applyEdits(full, edits.slice(0, 1)).services[0]!.destinations
  t.deepEqual(kept, [lighter, first.destinations[1]!])
})

test('the table before is not changed by edits of it', t => {
  const before = structuredClone(full)
  applyEdits(full, [{ kind: 'deleteDestination', key: first.key, destination: entry }])
  t.deepEqual(full, before)
})
