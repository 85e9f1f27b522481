import test from 'ava'
import fc from 'fast-check'
import { type Drain, placeOf, withDrain, withoutDrain } from '../../../src/ldirectord/core/drain.js'
import {
  parseEntries,
  parseLedger,
  printEntries,
  printLedger,
} from '../../../src/ldirectord/core/drain-file.js'
import {
  digestOf,
  drainsOf,
  EMPTY_LEDGER,
  ENDED_MAX,
  type Entry,
  type Ledger,
  merged,
  noted,
  withoutOver,
} from '../../../src/ldirectord/core/drain-ledger.js'
import { drain } from './sample-drain.js'

const entriesOf = (ledger: Ledger): Entry[] => [...ledger.values()]
const sorted = (ledger: Ledger): unknown => [...ledger].sort(([a], [b]) => (a < b ? -1 : 1))

test('what was drained and undrained later is undrained on both, whichever of the two says it first', t => {
  const first = noted(EMPTY_LEDGER, [drain()], 5_000, 'alpha').ledger
  const second = noted(first, [], 6_000, 'beta').ledger
  t.deepEqual(drainsOf(merged(first, entriesOf(second), 0)), [])
  t.is(merged(second, entriesOf(first), 0), second)
})

test('a change made in knowledge of another wins, even with a clock that is an hour behind', t => {
  const ahead = noted(EMPTY_LEDGER, [drain()], 3_600_000, 'alpha').ledger
  const behind = merged(EMPTY_LEDGER, entriesOf(ahead), 0)
  const undrained = noted(behind, withoutDrain(drainsOf(behind), drain()), 1_000, 'beta')
  t.deepEqual(drainsOf(merged(ahead, undrained.changed, 0)), [])
})

test('only what has changed is told to the other director', t => {
  const before = noted(EMPTY_LEDGER, [drain(), drain({ port: 81 })], 1, 'alpha').ledger
  const list = withDrain(drainsOf(before), drain({ port: 82 }))!
  t.deepEqual(
    noted(before, list, 2, 'alpha').changed.map(({ place }) => place.port),
    [82],
  )
})

test('a drain ends at its time and not before, and is not brought back by a director that has not noticed', t => {
  const ledger = noted(EMPTY_LEDGER, [drain({ untilMs: 5_000 }), drain({ port: 81 })], 1, 'alpha').ledger
  t.is(withoutOver(ledger, 4_999), ledger)
  const ended = withoutOver(ledger, 5_000)
  t.deepEqual(drainsOf(ended).map(placeOf), ['10.0.1.1:81'])
  t.is(merged(ended, entriesOf(ledger), 5_000), ended)
  t.is(merged(ended, entriesOf(ledger), 4_000), ended, 'a clock that is behind does not bring it back either')
  t.deepEqual(drainsOf(merged(ledger, entriesOf(ended), 4_000)).map(placeOf), ['10.0.1.1:81'])
})

test('ends that are remembered have a limit, and both directors forget the same', t => {
  const many = Array.from({ length: ENDED_MAX + 50 }, (_, n) => drain({ port: n }))
  let one = EMPTY_LEDGER
  for (const [n, each] of many.entries())
    one = noted(noted(one, [each], n, 'alpha').ledger, [], n, 'alpha').ledger
  t.is(one.size, ENDED_MAX)
  t.false(one.has('10.0.1.1:0'))
  const all = many.map((each, n) => ({ place: each, drain: null, stampMs: 2 * n, node: 'beta' }))
  const [there, back] = [merged(EMPTY_LEDGER, all, 0), merged(EMPTY_LEDGER, [...all].reverse(), 0)]
  t.is(digestOf(there), digestOf(back))
})

test('a list from before there were marks is as old as its drains', t => {
  const ledger = parseLedger(JSON.stringify({ version: 1, drains: [drain()] }))
  if (typeof ledger === 'string') return t.fail(ledger)
  t.deepEqual(
    entriesOf(ledger).map(({ stampMs, node }) => [stampMs, node]),
    [[1_000, '']],
  )
})

const one = noted(EMPTY_LEDGER, [drain()], 1, 'alpha').ledger
const withList = (drains: unknown, marks: unknown = []): string =>
  JSON.stringify({ version: 1, drains, marks })
const WRONG: readonly [why: string, text: string][] = [
  ['nothing', ''],
  ['half a file', printLedger(one).slice(0, 60)],
  ['another version', '{"version":2,"drains":[]}'],
  ['a port beyond 65535', withList([drain({ port: 65_536 })])],
  ['one wrong entry among good ones', withList([drain(), { ...drain(), who: 7 }])],
  ['no list', withList({})],
  ['a weight below 0', withList([drain({ weight: -1 })])],
  ['a text of two lines', withList([drain({ reason: 'a\nb' })])],
  ['a stamp that is no number', withList([], [{ ...drain(), stampMs: '1', node: 'alpha' }])],
  ['a stamp that cannot be counted up', withList([], [{ ...drain(), stampMs: 9e15, node: 'alpha' }])],
]
for (const [why, text] of WRONG) {
  test(`${why} is no list of drains, and no part of it is used`, t => {
    t.is(typeof parseLedger(text), 'string')
  })
}

const line = fc.string({ maxLength: 50, unit: 'grapheme' }).filter(text => !/\p{Cc}/u.test(text))
const place = fc.record({
  address: fc.constantFrom('10.0.1.1', '10.0.1.2', 'fd00::1'),
  port: fc.constantFrom(null, 0, 80),
  virtual: fc.constantFrom(null, 'tcp:10.0.0.1:80'),
})
const entry: fc.Arbitrary<Entry> = fc
  .record({
    place,
    stampMs: fc.nat(20),
    node: fc.constantFrom('alpha', 'beta'),
    rest: fc.option(fc.record({ who: line, reason: line, sinceMs: fc.nat(), untilMs: fc.option(fc.nat(9)) })),
  })
  .map(({ place, stampMs, node, rest }) => ({
    place,
    stampMs,
    node,
    drain: rest === null ? null : { ...place, ...rest },
  }))
/** A node stamps one place once: what stands under a stamp is one thing. */
const entries = fc.uniqueArray(entry, {
  selector: ({ place, stampMs, node }) => `${placeOf(place as Drain)} ${stampMs} ${node}`,
  maxLength: 30,
})
const from = (list: readonly Entry[]): Ledger => merged(EMPTY_LEDGER, list, 10)

test('what is printed is read back as it was, and what is sent is plain ASCII', t => {
  fc.assert(
    fc.property(entries, list => {
      const ledger = from(list)
      t.deepEqual(sorted(parseLedger(printLedger(ledger)) as Ledger), sorted(ledger))
      const text = printEntries(list)
      t.regex(text, /^[\x20-\x7e]*$/)
      t.deepEqual(parseEntries(text), list)
    }),
  )
})

test('no text at all makes the readers throw', t => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      t.notThrows(() => parseLedger(text))
      t.notThrows(() => parseEntries(text))
    }),
  )
})

test('whatever is merged in whatever order, how often and in how many parts, the ledger is the same', t => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat(30), (list, turn, cut) => {
      const turned = [...list.slice(turn % (list.length + 1)), ...list.slice(0, turn % (list.length + 1))]
      const inParts = merged(from([...turned.slice(cut), ...list]), turned.reverse(), 10)
      t.deepEqual(sorted(inParts), sorted(from(list)))
      t.is(digestOf(inParts), digestOf(from(list)))
    }),
  )
})
