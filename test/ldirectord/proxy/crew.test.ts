// When a further worker accepts connections, and when one rests again: docs/forwarders.md, "Workers".

import test from 'ava'
import fc from 'fast-check'
import { Crew } from '../../../src/ldirectord/proxy/core/crew.js'

const LOOK_MS = 250

/** Time for a crew: each moment says the share that the workers were busy and the processors that were idle. */
function time(crew: Crew) {
  let atMs = 0
  let busyMs = 0
  let idleMs = 0
  return (busy: number, idle: number | null, ms = LOOK_MS): number => {
    atMs += ms
    busyMs += busy * ms
    idleMs += (idle ?? 0) * ms
    return crew.look({ atMs, busyMs, idleMs: () => (idle === null ? null : idleMs) })
  }
}

const looks = (count: number, look: () => number): number[] => Array.from({ length: count }, look)

test('another worker joins when those at work are full and a processor is free, up to the limit', t => {
  const crew = new Crew(1, 3)
  const pass = time(crew)
  t.deepEqual(
    looks(3, () => pass(0.5, 1.5)),
    [1, 1, 1],
  )
  t.is(pass(1, 1), 1, 'idle time is counted from the first full moment')
  t.is(pass(1, 1), 2)
  t.deepEqual(
    looks(2, () => pass(1.2, 1)),
    [2, 2],
    'two are not full',
  )
  t.is(pass(1.9, 0.6), 2)
  t.is(pass(1.9, 0.6), 3)
  t.deepEqual(
    looks(3, () => pass(3, 2)),
    [3, 3, 3],
  )
})

test('none joins on a machine that has no processor to spare, or for a single full moment', t => {
  const pass = time(new Crew(1, 4))
  for (const count of looks(20, () => pass(1, 0.1))) t.is(count, 1)
  pass(0.3, 2)
  for (let n = 0; n < 10; n++) {
    t.is(pass(1, 2), 1)
    t.is(pass(0.3, 2), 1)
  }
})

test('where idle time is not told full workers are reason enough', t => {
  const pass = time(new Crew(1, 2))
  t.is(pass(1, null), 1)
  t.is(pass(1, null), 1)
  t.is(pass(1, null), 2)
})

test('a worker rests only when the others could do the work for ten seconds without a break', t => {
  const crew = new Crew(1, 2)
  const pass = time(crew)
  looks(3, () => pass(1, 1))
  t.is(crew.atWork, 2)
  t.deepEqual(
    looks(9, () => pass(0.5, 1, 1_000)),
    Array(9).fill(2),
  )
  pass(0.7, 1, 1_000)
  t.deepEqual(
    looks(10, () => pass(0.5, 1, 1_000)),
    Array(10).fill(2),
    'counted anew',
  )
  t.is(pass(0.5, 1, 1_000), 1)
  t.deepEqual(
    looks(30, () => pass(0, 2, 1_000)),
    Array(30).fill(1),
  )
})

test('whatever happens, between the least and the most of them work, and one look changes one', t => {
  const moment = fc.tuple(
    fc.double({ min: 0, max: 16, noNaN: true }),
    fc.double({ min: 0, max: 8, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (moments, least) => {
      const crew = new Crew(least, 4)
      const pass = time(crew)
      let before = crew.atWork
      for (const [busy, idle] of moments) {
        const now = pass(busy, idle)
        t.true(now >= least && now <= 4 && Math.abs(now - before) <= 1)
        before = now
      }
    }),
  )
})

test('a lower limit holds at once', t => {
  const crew = new Crew(1, 4)
  const pass = time(crew)
  looks(3, () => pass(1, 1))
  looks(3, () => pass(2, 1))
  t.true(crew.atWork >= 3)
  crew.limit(2)
  t.is(crew.atWork, 2)
})
