import test from 'ava'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { applyEdit } from '../../../src/ldirectord/core/edit-table.js'
import { endpoint, type Table } from '../../../src/ldirectord/core/table.js'
import type { Forwarder } from '../../../src/ldirectord/forwarders/forwarder.js'
import { type MemoryForwarder, memoryForwarder } from '../../../src/ldirectord/forwarders/memory.js'
import { TableKeeper } from '../../../src/ldirectord/io/table-keeper.js'
import { config, real, virtual } from '../sample-config.js'

const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:80')])])
const owned = new Set(['tcp:10.0.0.1:80'])
const table = (...up: number[]): Table => desiredTable(file, (_, index) => up.includes(index))
const key = table().services[0]!.key

const weights = ({ services }: Table): Record<string, number> =>
  Object.fromEntries(
    (services[0]?.destinations ?? []).map(entry => [endpoint(entry.address, entry.port), entry.weight]),
  )

async function loaded(forwarder: Forwarder & MemoryForwarder = memoryForwarder()) {
  const told: string[] = []
  const failures: string[] = []
  const vanished: string[] = []
  const keeper = new TableKeeper({
    forwarder,
    onEdit: (edit, phase) => told.push(`${phase} ${edit.kind}`),
    onFailure: sentence => failures.push(sentence),
    onVanished: sentence => vanished.push(sentence),
  })
  await keeper.load(table(0, 1), owned)
  told.length = 0
  return { keeper, forwarder, told, failures, vanished }
}

test('a decision writes what it changed and reads nothing', async t => {
  const forwarder = memoryForwarder()
  let reads = 0
  const counted = Object.assign(forwarder, {
    read: async () => {
      reads++
      return forwarder.table
    },
  })
  const { keeper, told } = await loaded(counted)
  keeper.want(() => table(0), false)
  await keeper.settled()
  t.deepEqual(told, ['running editDestination'])
  t.is(reads, 1)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 0 })
})

test('a weight 0 by hand survives decisions about other servers and ends with the next load', async t => {
  const { keeper, forwarder } = await loaded()
  keeper.want(() => table(1), false)
  await keeper.settled()
  forwarder.table = desiredTable(file, () => false)
  keeper.want(() => table(0, 1), false)
  await keeper.settled()
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 0 })
  await keeper.load(table(0, 1), owned)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 1 })
})

test('a dead server that was removed by hand is added again only with readdquiescent=yes, or when it is up', async t => {
  for (const readdquiescent of [false, true]) {
    const { keeper, forwarder, failures } = await loaded()
    const { services } = forwarder.table
    const [first] = services[0]!.destinations
    forwarder.table = applyEdit(forwarder.table, {
      kind: 'deleteDestination',
      key,
      destination: first!,
    }).table
    keeper.want(() => table(1), readdquiescent)
    await keeper.settled()
    t.is(weights(forwarder.table)['10.0.1.1:80'], readdquiescent ? 0 : undefined)
    keeper.want(() => table(0, 1), readdquiescent)
    await keeper.settled()
    t.is(weights(forwarder.table)['10.0.1.1:80'], 1)
    t.deepEqual(failures, [])
  }
})

test('a table that was emptied by hand is built again at the next decision', async t => {
  const { keeper, forwarder, failures } = await loaded()
  forwarder.table = { services: [] }
  keeper.want(() => table(0), false)
  await keeper.settled()
  t.is(weights(forwarder.table)['10.0.1.1:80'], 1)
  t.deepEqual(failures, [])
})

test('an edit that keeps failing is told once and tried again with the next decision', async t => {
  const forwarder = memoryForwarder()
  let broken = false
  const apply = forwarder.apply.bind(forwarder)
  const stubborn = Object.assign(forwarder, {
    apply: (async (edits, signal) =>
      broken
        ? edits.map(edit => ({ edit, error: 'no memory' }))
        : apply(edits, signal)) as Forwarder['apply'],
  })
  const { keeper, failures } = await loaded(stubborn)
  broken = true
  for (const up of [[0], [0]]) {
    keeper.want(() => table(...up), false)
    await keeper.settled()
  }
  t.deepEqual(failures, ['no memory'])
  t.true(keeper.hasFailed)
  broken = false
  keeper.want(() => table(0), false)
  await keeper.settled()
  t.false(keeper.hasFailed)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 0 })
})

test('of a service that cannot be added only that is told, once, however often it is tried', async t => {
  const forwarder = memoryForwarder()
  const apply = forwarder.apply.bind(forwarder)
  const partly = Object.assign(forwarder, {
    apply: (async (edits, signal) => {
      const results = []
      for (const edit of edits)
        results.push(
          ...(edit.kind === 'addService' ? [{ edit, error: 'address in use' }] : await apply([edit], signal)),
        )
      return results
    }) as Forwarder['apply'],
  })
  const { keeper, failures } = await loaded(partly)
  for (let attempt = 0; attempt < 3; attempt++) {
    keeper.want(() => table(0, 1), false)
    await keeper.settled()
  }
  t.deepEqual(failures, ['address in use'])
})

test('decisions that arrive while edits are under way are answered by the newest of them', async t => {
  const { keeper, forwarder, told } = await loaded()
  keeper.want(() => table(0), false)
  keeper.want(() => table(), false)
  keeper.want(() => table(0, 1), false)
  await keeper.settled()
  t.deepEqual(told, [])
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 1 })
})

test('services that vanished as a whole are built again, hand-set weights of others stay', async t => {
  const { keeper, forwarder } = await loaded()
  forwarder.table = desiredTable(file, () => false)
  await keeper.verify(table(0, 1), false)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 0, '10.0.1.2:80': 0 })
  forwarder.table = { services: [] }
  await keeper.verify(table(0, 1), false)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 1 })
})

test('a server that serves and was removed by hand is put back and named; a removed dead one stays away', async t => {
  const { keeper, forwarder, vanished } = await loaded()
  keeper.want(() => table(0), false)
  await keeper.settled()
  const [service] = forwarder.table.services
  forwarder.table = { services: [{ ...service!, destinations: [] }] }
  await keeper.verify(table(0), false)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1 })
  t.deepEqual(vanished, [
    'the table was changed by someone else; putting back 10.0.1.1:80 of tcp:10.0.0.1:80',
  ])
  await keeper.verify(table(0), false)
  t.is(vanished.length, 1)
})

test('a table that cannot be read at a load is told and changes nothing', async t => {
  const { keeper, forwarder, failures } = await loaded()
  const before = forwarder.table
  forwarder.read = () => Promise.reject(new Error('ipvsadm needs root'))
  await keeper.load(table(), owned)
  t.deepEqual(failures, ['ipvsadm needs root'])
  t.is(forwarder.table, before)
})

test('a load that follows a look does not look again, unless the table was edited since', async t => {
  const forwarder = memoryForwarder()
  let reads = 0
  const counted = Object.assign(forwarder, {
    read: async () => {
      reads++
      return forwarder.table
    },
  })
  const { keeper } = await loaded(counted)
  reads = 0
  await keeper.read()
  await keeper.load(table(0), owned)
  t.is(reads, 1)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 0 })
  await keeper.read()
  keeper.want(() => table(1), false)
  await keeper.settled()
  await keeper.load(table(0, 1), owned)
  t.is(reads, 3)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 1 })
})

test('a look during an edit is not the present for a load that follows both', async t => {
  const forwarder = memoryForwarder()
  const { keeper } = await loaded(forwarder)
  const { apply } = forwarder
  forwarder.apply = async (edits, signal) => {
    const before = forwarder.table
    const results = await apply.call(forwarder, edits, signal)
    const after = forwarder.table
    // The look sees the table as it was before the edit.
    forwarder.table = before
    await keeper.read()
    forwarder.table = after
    return results
  }
  await keeper.load(table(0), owned)
  keeper.want(() => table(0, 1), false)
  await keeper.settled()
  await keeper.load(table(0), owned)
  t.deepEqual(weights(forwarder.table), { '10.0.1.1:80': 1, '10.0.1.2:80': 0 })
})
