import test from 'ava'
import fc from 'fast-check'
import type { MailEvent } from '../../../src/ldirectord/core/mail.js'
import { EVENTS_MAX, HOUR_MS, MailGate } from '../../../src/ldirectord/core/mail-gate.js'

const event = (text: string, to = 'ops@example.com'): MailEvent => ({
  route: { to, from: null, smtp: null },
  status: 'running',
  text,
  servicename: null,
  comment: null,
  details: [],
})
function gateOf(groupSeconds: number, perHour: number | null): MailGate {
  const gate = new MailGate({ hostname: 'director1' })
  gate.limits = { groupMs: groupSeconds * 1000, perHour }
  return gate
}
const subjects = (mails: readonly { subject: string }[]): string[] => mails.map(mail => mail.subject)

test('without limits every event is a mail at once', t => {
  const gate = gateOf(0, null)
  t.deepEqual(subjects(gate.add(event('a'), 0)), ['a'])
  t.deepEqual(subjects(gate.add(event('b'), 0)), ['b'])
  t.deepEqual(gate.tick(HOUR_MS), [])
})

test('events of one group are one mail when its time is over, for each recipient', t => {
  const gate = gateOf(5, null)
  t.deepEqual(gate.add(event('a'), 0), [])
  t.deepEqual(gate.add(event('b'), 4_000), [])
  t.deepEqual(gate.add(event('c', 'other@example.com'), 4_500), [])
  t.deepEqual(gate.tick(4_999), [])
  t.deepEqual(subjects(gate.tick(5_000)), ['2 events, first: a'])
  t.deepEqual(subjects(gate.tick(9_500)), ['c'], 'a group of one event is its plain mail')
})

test('beyond the limit of an hour events wait for one digest', t => {
  const gate = gateOf(0, 2)
  t.deepEqual(subjects([...gate.add(event('a'), 0), ...gate.add(event('b'), 10)]), ['a', 'b'])
  t.deepEqual([...gate.add(event('c'), 20), ...gate.add(event('d'), 30)], [])
  t.deepEqual(
    subjects(gate.add(event('e', 'other@example.com'), 30)),
    ['e'],
    'others have an hour of their own',
  )
  t.deepEqual(gate.tick(HOUR_MS - 1), [])
  t.deepEqual(subjects(gate.tick(HOUR_MS)), ['2 events, first: c'])
})

test('at the end of the daemon nothing is kept back', t => {
  const gate = gateOf(60, 1)
  gate.add(event('a'), 0)
  t.deepEqual(subjects(gate.flush()), ['a'])
  t.deepEqual(gate.flush(), [])
})

test('a storm of any shape never sends more than the limit in an hour, and tells of every event', t => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: HOUR_MS / 4 }), fc.integer({ min: 1, max: 30 })),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 60 }),
      (bursts, perHour, group) => {
        const gate = gateOf(group, perHour)
        const sentMs: number[] = []
        let told = 0
        let added = 0
        let nowMs = 0
        const count = (mails: readonly { subject: string }[]): void => {
          for (const { subject } of mails) {
            sentMs.push(nowMs)
            told += Number(/^(\d+) events/.exec(subject)?.[1] ?? 1)
          }
        }
        for (const [pauseMs, size] of bursts) {
          nowMs += pauseMs
          count(gate.tick(nowMs))
          for (let n = 0; n < size; n++) count(gate.add(event(`event`), nowMs))
          added += size
        }
        nowMs += 2 * HOUR_MS
        count(gate.tick(nowMs))
        t.is(told, added)
        // Windows are counted from their first mail, so two of them may touch.
        for (const startMs of sentMs)
          t.true(sentMs.filter(atMs => atMs >= startMs && atMs < startMs + HOUR_MS).length <= 2 * perHour)
      },
    ),
    { numRuns: 60 },
  )
})

test('a mail lists a limited number of events and counts the rest', t => {
  const gate = gateOf(1, null)
  for (let n = 0; n < EVENTS_MAX + 50; n++) gate.add(event(`event ${n}`), 0)
  const [mail] = gate.tick(1_000)
  t.is(mail!.subject, `${EVENTS_MAX + 50} events, first: event 0`)
  t.regex(mail!.body, /^50 more are in the log$/m)
})
