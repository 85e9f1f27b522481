// What the workers of a proxy have in common: numbers, slots, templates, seen from several threads. Virtual time.
import test from 'ava'
import fc from 'fast-check'
import { SharedLedger } from '../../../src/ldirectord/proxy/core/ledger.js'
import { LiveDestination } from '../../../src/ldirectord/proxy/core/live-destination.js'
import { LiveTable } from '../../../src/ldirectord/proxy/core/live-table.js'
import { Persistence } from '../../../src/ldirectord/proxy/core/persistence.js'
import { PARTIES_MAX, SharedState } from '../../../src/ldirectord/proxy/core/shared-state.js'
import { SharedTemplates, templatesBuffer } from '../../../src/ldirectord/proxy/core/shared-templates.js'
import { SocketClient } from '../../../src/ldirectord/proxy/core/socket-client.js'
import { destinationOf, serviceOf, tcp } from './table-values.js'

test('every party sees the sum of all; one that is forgotten leaves the others their part', t => {
  const main = SharedState.create(64)
  const one = new SharedState(main.buffers, 1)
  const last = new SharedState(main.buffers, PARTIES_MAX - 1)
  one.tally(7).add('active', 3)
  last.tally(7).add('active', 2)
  last.tally(7).add('inactive', 1)
  main.tally(8).add('active', 9)
  one.takePlaces(4)
  last.takePlaces(1)
  for (const { active, inactive } of [main, one, last].map(party => party.tally(7))) {
    t.deepEqual([active, inactive], [5, 1])
  }
  t.is(main.places, 5)
  main.forget(1)
  t.deepEqual([last.tally(7).active, last.tally(8).active, last.places], [2, 9, 1])
})

test('a slot is dealt out again only when its connections have ended, and not before two looks', t => {
  const state = SharedState.create(64)
  const ledger = new SharedLedger(state)
  const taken = (): number => ledger.openDestination({})!.slot
  const slot = taken()
  state.tally(slot).add('active', 1)
  ledger.closeDestination(slot)
  for (let look = 0; look < 5; look++) ledger.reclaim()
  t.not(taken(), slot)
  state.tally(slot).add('active', -1)
  ledger.reclaim()
  t.not(taken(), slot)
  ledger.reclaim()
  t.is(taken(), slot)
})

test('a destination that comes back while it has connections keeps its slot', t => {
  const ledger = new SharedLedger(SharedState.create(64))
  const table = new LiveTable(ledger)
  const key = tcp('127.0.0.5', 80)
  const destination = destinationOf('10.0.0.1', 80)
  table.apply({ kind: 'addService', service: serviceOf(key) })
  table.apply({ kind: 'addDestination', key, destination })
  const service = table.services.get('tcp:127.0.0.5:80')!
  const [before] = service.destinations.values()
  before!.count('none', 'active')
  table.apply({ kind: 'deleteDestination', key, destination })
  ledger.reclaim()
  table.apply({ kind: 'addDestination', key, destination })
  for (let look = 0; look < 3; look++) ledger.reclaim()
  t.is([...service.destinations.values()][0], before)
  t.not(ledger.openDestination({})!.slot, before!.slot)
})

test('a worker that has taken a rotation up goes on where another one stood', t => {
  const main = SharedState.create(64)
  const key = tcp('127.0.0.5', 80)
  const tables = [0, 1].map(party => new LiveTable(new SharedLedger(new SharedState(main.buffers, party))))
  const shares = (): object => tables[0]!.services.get('tcp:127.0.0.5:80')?.shares ?? {}
  for (const table of tables) {
    table.apply({ kind: 'addService', service: serviceOf(key) }, shares())
    for (const slot of [0, 1, 2]) {
      const destination = destinationOf(`10.0.0.${slot}`, 80)
      table.apply({ kind: 'addDestination', key, destination }, { slot })
    }
  }
  const picks = [0, 1, 1, 0, 1, 0].map(party => {
    const table = tables[party]!
    const service = table.services.get('tcp:127.0.0.5:80')!
    return table.choose(service, { address: '192.0.2.1', port: 9 }, 0, new Set())!.slot
  })
  t.deepEqual(picks, [0, 1, 2, 0, 1, 2])
})

const state = SharedState.create(64)
const destinations = [0, 1, 2].map(
  slot => new LiveDestination(destinationOf(`10.0.0.${slot}`, 80), slot, state.tally(slot)),
)

test('shared templates answer as those of one thread do, whichever thread wrote them', t => {
  const clients = ['192.0.2.1', '192.0.2.130', '198.51.100.7', '2001:db8::1', '2001:db8:0:1::1']
  const masks = { '4': [null, '255.255.255.0'], '6': [null, '64', '48'] } as const
  const step = fc.record({
    writes: fc.boolean(),
    thread: fc.integer({ min: 0, max: 1 }),
    client: fc.constantFrom(...clients),
    mask: fc.integer({ min: 0, max: 2 }),
    destination: fc.integer({ min: 0, max: 2 }),
    seconds: fc.integer({ min: 1, max: 5 }),
    passes: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const buffer = templatesBuffer()
      const threads = [0, 1].map(() => new SharedTemplates(buffer, slot => destinations[slot]))
      const model = new Persistence()
      let nowMs = 1_000
      for (const { writes, thread, client, mask, destination, seconds, passes } of steps) {
        nowMs += passes * 1_000
        const netmask = masks[client.includes(':') ? '6' : '4'].at(mask) ?? null
        if (writes) {
          for (const templates of [threads[thread]!, model])
            templates.remember(client, netmask, destinations[destination]!, nowMs + seconds * 1_000)
        }
        const found = threads[1 - thread]!.find(client, netmask, nowMs)
        if (found !== model.find(client, netmask, nowMs)) return false
      }
      const sorted = (list: ReturnType<Persistence['bindings']>) =>
        list.map(binding => JSON.stringify(binding)).sort()
      t.deepEqual(sorted(threads[0]!.bindings(nowMs)), sorted(model.bindings(nowMs)))
      return true
    }),
    { numRuns: 40 },
  )
})

test('a flood of clients takes no more memory than there is, and the newest are known', t => {
  const buffer = templatesBuffer()
  const templates = new SharedTemplates(buffer, slot => destinations[slot])
  const address = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
  const count = 300_000
  for (let n = 0; n < count; n++) templates.remember(address(n), null, destinations[0]!, 60_000 + n)
  t.true(templates.bindings(0).length <= 131_072)
  for (let n = count - 1_000; n < count; n++) t.not(templates.find(address(n), null, 0), null)
})

test('a client is named as Node names it', t => {
  const ipv4 = Buffer.from([2, 0, 0x1f, 0x90, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0])
  const named = (bytes: Buffer): unknown[] => {
    const { address, port } = new SocketClient(bytes)
    return [address, port]
  }
  t.deepEqual(named(ipv4), ['192.0.2.7', 8080])
  const ipv6 = Buffer.alloc(28)
  ipv6[0] = 10
  ipv6.writeUInt16BE(443, 2)
  ipv6.set([0x20, 0x01, 0x0d, 0xb8], 8)
  ipv6[23] = 1
  t.deepEqual(named(ipv6), ['2001:db8::1', 443])
  const socket = new SocketClient(ipv4)
  ipv4.fill(255)
  t.is(socket.address, '192.0.2.7', 'what is accepted next does not change who this was')
})
