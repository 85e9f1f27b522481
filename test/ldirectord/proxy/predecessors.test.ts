// What the new process knows of an old one: from its estate, from its own words, and when it is gone.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { LiveTable } from '../../../src/ldirectord/proxy/core/live-table.js'
import type { FromPredecessor, Held, SessionName } from '../../../src/ldirectord/proxy/core/succession.js'
import { Predecessors } from '../../../src/ldirectord/proxy/io/predecessors.js'
import { destinationOf, serviceOf, tcp } from './table-values.js'

const key = tcp('127.0.0.1', 80)
const service = 'tcp:127.0.0.1:80'
const place = (n: number) => destinationOf(`127.0.2.${n}`, 80)
const held = (n: number, active: number): Held => ({
  service,
  destination: `127.0.2.${n}:80`,
  active,
  inactive: 0,
})

/** The end of a connection: what is written to it is kept. */
class Wire extends EventEmitter {
  readonly written: string[] = []
  writableLength = 0
  write(text: string): boolean {
    this.written.push(text)
    return true
  }
  end(text: string): void {
    this.write(text)
  }
  destroy(): void {
    this.emit('close')
  }
}

function stage(t: ExecutionContext) {
  const table = new LiveTable()
  table.apply({ kind: 'addService', service: serviceOf(key) })
  for (const n of [1, 2]) table.apply({ kind: 'addDestination', key, destination: place(n) })
  const predecessors = new Predecessors({ table, answer: () => {}, notify: () => {} })
  t.teardown(() => predecessors.leave())
  const welcome = (pid: number) => {
    const wire = new Wire()
    const hear = predecessors.welcome(pid, wire as unknown as Socket)
    return { wire, hear: (message: FromPredecessor) => hear(message) }
  }
  const active = (): number[] => table.counters().map(count => count.activeConnections)
  return { table, predecessors, welcome, active }
}

test('what an estate tells counts at once, and no number falls before the old process has told everything', t => {
  const { predecessors, welcome, active } = stage(t)
  predecessors.expect({ pid: 7, held: [held(1, 3), held(2, 2)], sessions: [] })
  t.deepEqual(active(), [3, 2])
  const { wire, hear } = welcome(7)
  t.deepEqual(active(), [3, 2])
  hear({ held: [held(1, 4)] })
  t.deepEqual(active(), [4, 2])
  hear({ isComplete: true })
  t.deepEqual(active(), [4, 0])
  hear({ held: [held(1, 1)] })
  t.deepEqual(active(), [1, 0])
  wire.destroy()
  t.deepEqual(active(), [0, 0])
  t.is(predecessors.count, 0)
})

test('numbers of several old processes add up, each goes with its own, and one that comes back is not counted twice', t => {
  const { welcome, active, predecessors } = stage(t)
  const [first, second] = [welcome(7), welcome(8)]
  first.hear({ held: [held(1, 3)] })
  second.hear({ held: [held(1, 2), held(2, 1)] })
  t.deepEqual(active(), [5, 1])
  const again = welcome(7)
  t.deepEqual(active(), [5, 1])
  again.hear({ held: [held(1, 2)] })
  again.hear({ isComplete: true })
  t.deepEqual(active(), [4, 1])
  t.is(predecessors.count, 2)
  second.wire.destroy()
  t.deepEqual(active(), [2, 0])
})

test('a server that left the table and comes back has its connections of the old process again', t => {
  const { table, predecessors, welcome, active } = stage(t)
  const { wire, hear } = welcome(7)
  hear({ held: [held(1, 3)] })
  const edits = [{ kind: 'deleteService', key }] as const
  for (const edit of edits) table.apply(edit)
  predecessors.edited(edits)
  t.deepEqual(active(), [])
  t.regex(wire.written.join(''), /"edits":\[\{"kind":"deleteService"/)
  const back = [
    { kind: 'addService', service: serviceOf(key) },
    { kind: 'addDestination', key, destination: place(1) },
  ] as const
  for (const edit of back) table.apply(edit)
  predecessors.edited(back)
  t.deepEqual(active(), [3])
})

test('a threshold counts the connections of the old process', t => {
  const { table, welcome } = stage(t)
  const { hear } = welcome(7)
  table.apply({ kind: 'editDestination', key, destination: { ...place(1), upper: 3 } })
  hear({ held: [held(1, 3)] })
  const client = { address: '127.0.0.9', port: 1 }
  const chosen = [1, 2, 3].map(() => table.choose(table.services.get(service)!, client, 0, new Set())?.id)
  t.deepEqual(chosen, ['127.0.2.2:80', '127.0.2.2:80', '127.0.2.2:80'])
})

test('datagrams of a session go to the old process, those from before its announcement first, until the session ends', t => {
  const { predecessors, welcome } = stage(t)
  const udp: SessionName = { service: 'udp:127.0.0.1:53', address: '127.0.0.9', port: 5_000 }
  const pass = (text: string, port = 5_000): boolean =>
    predecessors.passOn(udp.service, { address: udp.address, port }, Buffer.from(text))
  predecessors.expect({ pid: 7, held: [], sessions: [udp] })
  t.true(pass('early'))
  t.false(pass('of another client', 5_001))
  const { wire, hear } = welcome(7)
  t.true(pass('late'))
  const data = wire.written.map(line => JSON.parse(line)).flatMap(({ datagram }) => datagram?.data ?? [])
  t.deepEqual(
    data.map(text => Buffer.from(text, 'base64').toString()),
    ['early', 'late'],
  )
  hear({ sessionEnded: udp })
  t.false(pass('anew'))
})

test('what an old process says and this version does not understand is passed over', t => {
  const { predecessors, active } = stage(t)
  const hear = predecessors.welcome(7, new Wire() as unknown as Socket)
  for (const line of [null, 5, {}, { held: [{}] }, { held: 'all' }, { sessions: [1] }, { answer: 'x' }])
    hear(line)
  t.deepEqual(active(), [0, 0])
})
