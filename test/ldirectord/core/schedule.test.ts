import test from 'ava'
import fc from 'fast-check'
import { createPrng } from '../../../src/base/prng.js'
import { DEFAULT_LIMITS, Schedule } from '../../../src/ldirectord/core/schedule.js'

const checksOf = (count: number, periodMs = 1000) =>
  Array.from({ length: count }, (_, index) => ({ id: `c${index}`, periodMs }))

/** Runs a schedule in virtual time; every check lasts as long as `lasts` says. Gives the starts of each check. */
function play(
  schedule: Schedule,
  untilMs: number,
  lasts: (id: string) => number,
): { starts: Map<string, number[]>; most: number } {
  const starts = new Map<string, number[]>()
  const running: { id: string; endMs: number }[] = []
  let most = 0
  let now = 0
  while (now <= untilMs) {
    for (const id of schedule.start(now)) {
      starts.set(id, [...(starts.get(id) ?? []), now])
      running.push({ id, endMs: now + lasts(id) })
    }
    most = Math.max(most, running.length)
    const wakeMs = schedule.wakeAt(now) ?? Number.POSITIVE_INFINITY
    const endMs = Math.min(...running.map(check => check.endMs))
    now = Math.max(now, Math.min(wakeMs, endMs))
    if (endMs === now) {
      for (const check of running.filter(candidate => candidate.endMs === now)) {
        running.splice(running.indexOf(check), 1)
        schedule.ended(check.id, now)
      }
    }
  }
  return { starts, most }
}
const gaps = (starts: readonly number[]): number[] => starts.slice(1).map((at, index) => at - starts[index]!)

test('a quick check starts once a period, exactly', t => {
  const { starts } = play(new Schedule(checksOf(1), 0), 5_000, () => 3)
  t.deepEqual(starts.get('c0'), [0, 1000, 2000, 3000, 4000, 5000])
})

test('all checks start at once in the first round', t => {
  const { starts } = play(new Schedule(checksOf(500), 0), 0, () => 3)
  t.is(starts.size, 500)
})

test('after the first round a thousand checks are spread: no tick starts more than its share', t => {
  const { starts } = play(new Schedule(checksOf(1000), 0), 3_000, () => 3)
  const perTick = new Map<number, number>()
  for (const list of starts.values())
    for (const at of list) if (at > 1_500) perTick.set(at, (perTick.get(at) ?? 0) + 1)
  t.true(Math.max(...perTick.values()) <= 50)
})

test('no gap between two starts is longer than the period, spread or not', t => {
  const { starts } = play(new Schedule(checksOf(1000), 0), 5_000, () => 3)
  for (const list of starts.values()) t.true(gaps(list).every(gap => gap <= 1000))
})

test('a check that takes longer than its period starts within a period of its end, never twice at a time', t => {
  const { starts } = play(new Schedule(checksOf(1), 0), 10_000, () => 2_500)
  for (const gap of gaps(starts.get('c0')!)) t.true(gap >= 2_500 && gap <= 3_500)
})

test('a first round that took longer than the period ends in no burst: the second is spread all the same', t => {
  const answered = new Set<string>()
  const lasts = (id: string): number => {
    const lasting = answered.has(id) ? 3 : 1_700
    answered.add(id)
    return lasting
  }
  const { starts } = play(new Schedule(checksOf(1000), 0), 4_000, lasts)
  const perTick = new Map<number, number>()
  for (const list of starts.values())
    for (const at of list.slice(1)) perTick.set(at, (perTick.get(at) ?? 0) + 1)
  t.true(Math.max(...perTick.values()) <= 50)
})

test('one slow check delays no other', t => {
  const schedule = new Schedule(checksOf(3), 0)
  const { starts } = play(schedule, 5_000, id => (id === 'c1' ? 4_000 : 2))
  t.deepEqual(gaps(starts.get('c0')!), [1000, 1000, 1000, 1000, 1000])
})

test('never more than the limit run at once, and all get their turn', t => {
  const limits = { tickMs: 50, inFlightMax: 10, startsMax: 250, groupMin: 16 }
  const { starts, most } = play(new Schedule(checksOf(100), 0, limits), 3_000, () => 20)
  t.is(most, 10)
  t.is(starts.size, 100)
})

test('a schedule without checks never wakes', t => {
  t.is(new Schedule([], 0).wakeAt(0), null)
})

test('with a jitter of 30 percent no period is longer than without, none shorter by more, and they differ', t => {
  const chance = createPrng(7).next
  const schedule = new Schedule(checksOf(20), 0, DEFAULT_LIMITS, { share: 0.3, chance })
  const { starts } = play(schedule, 30_000, () => 5)
  const all = [...starts.values()].flatMap(list => gaps(list.slice(1)))
  t.true(Math.max(...all) <= 1000)
  // The grid rounds a start down by less than one tick.
  t.true(Math.min(...all) >= 700 - DEFAULT_LIMITS.tickMs)
  t.true(new Set(all).size > 3)
})

test('a check that goes on in a new schedule keeps its moments, one that was under way starts at once', t => {
  const old = new Schedule(checksOf(40), 0)
  play(old, 2_500, () => 3)
  const under = old.start(3_000)
  const fresh = new Schedule(checksOf(41), 3_010, DEFAULT_LIMITS, undefined, id => old.rhythm(id))
  const started = new Set(fresh.start(3_010))
  t.deepEqual(started, new Set([...under, 'c40']))
  for (const id of started) fresh.ended(id, 3_013)
  const { starts } = play(fresh, 6_000, () => 3)
  // The second group has its moments 50 ms after the first one's, which were at whole seconds.
  t.deepEqual(starts.get('c20'), [3050, 4050, 5050])
})

test('a check whose period changed begins anew', t => {
  const old = new Schedule(checksOf(1), 0)
  play(old, 500, () => 3)
  t.deepEqual(
    new Schedule(checksOf(1, 5000), 600, DEFAULT_LIMITS, undefined, id => old.rhythm(id)).start(600),
    ['c0'],
  )
})

test('a burst starts in portions, so that answers are looked at in between, and wakes again at once', t => {
  const schedule = new Schedule(checksOf(600), 0, { ...DEFAULT_LIMITS, startsMax: 250 })
  t.deepEqual([schedule.start(0).length, schedule.wakeAt(0), schedule.start(0).length], [250, 0, 250])
})

test('a thousand silent servers leave room for all others', t => {
  const { starts } = play(new Schedule(checksOf(3000), 0), 3_000, id =>
    Number(id.slice(1)) % 3 === 0 ? 3_000 : 3,
  )
  t.true(
    [...starts].every(([id, list]) => Number(id.slice(1)) % 3 === 0 || gaps(list).every(gap => gap <= 1000)),
  )
  t.is(starts.size, 3000)
})

test('whatever starts and ends, those start that a look through all checks would choose, and the wake-up is theirs', t => {
  const choice = fc.record({
    periods: fc.array(fc.constantFrom(100, 1_000, 3_000), { minLength: 1, maxLength: 40 }),
    steps: fc.array(fc.record({ afterMs: fc.nat(400), ends: fc.array(fc.nat(), { maxLength: 8 }) }), {
      maxLength: 60,
    }),
    inFlightMax: fc.integer({ min: 1, max: 20 }),
    startsMax: fc.integer({ min: 1, max: 10 }),
  })
  fc.assert(
    fc.property(choice, ({ periods, steps, inFlightMax, startsMax }) => {
      const tickMs = 50
      const checks = periods.map((periodMs, index) => ({ id: `c${index}`, periodMs }))
      const schedule = new Schedule(checks, 0, { tickMs, inFlightMax, startsMax, groupMin: 2 })
      /** When each check that is not under way is due, as the schedule told when it ended. */
      const dueMs = new Map(checks.map(({ id }) => [id, 0]))
      const running: string[] = []
      let now = 0
      for (const { afterMs, ends } of steps) {
        now += afterMs
        const ready = [...dueMs.values()].filter(atMs => atMs <= now).sort((a, b) => a - b)
        const most = Math.min(inFlightMax - running.length, startsMax)
        const started = schedule.start(now)
        t.is(started.length, Math.min(most, ready.length))
        t.deepEqual(
          started.map(id => dueMs.get(id)),
          ready.slice(0, started.length),
        )
        for (const id of started) dueMs.delete(id)
        running.push(...started)
        for (const end of ends) {
          const [id] = running.splice(end % Math.max(1, running.length), 1)
          if (id !== undefined) dueMs.set(id, schedule.ended(id, now))
        }
        t.is(schedule.inFlight, running.length)
        const isFull = running.length >= inFlightMax || dueMs.size === 0
        t.is(schedule.wakeAt(now), isFull ? null : Math.max(now, Math.min(...dueMs.values())))
      }
    }),
    { numRuns: 200 },
  )
})
