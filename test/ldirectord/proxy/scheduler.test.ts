// The schedulers against the formulas of IPVS (overhead = active * 256 + inactive) and the shares seen on a kernel.
import test from 'ava'
import fc from 'fast-check'
import {
  type Candidate,
  schedule,
  schedulerNames,
  startRotation,
} from '../../../src/ldirectord/proxy/core/scheduler.js'

const candidate = (id: string, weight: number, active = 0, inactive = 0): Candidate => ({
  id,
  weight,
  active,
  inactive,
})
const caller = { address: '192.0.2.7', port: 40_000, serviceAddress: '10.0.0.1' }
const picks = (scheduler: string, candidates: readonly Candidate[], count: number): string[] => {
  const rotation = startRotation()
  return Array.from({ length: count }, () => schedule(scheduler, candidates, caller, rotation, '')!.id)
}
const pick = (scheduler: string, candidates: readonly Candidate[], from = caller, flags = ''): string =>
  schedule(scheduler, candidates, from, startRotation(), flags)!.id
const shares = (ids: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

test('rr takes turns whatever the weights', t => {
  t.deepEqual(picks('rr', [candidate('a', 1), candidate('b', 5), candidate('c', 2)], 7), [...'abcabca'])
})

test('wrr with weights 1:2:3 gives exactly 10, 20 and 30 of 60, interleaved', t => {
  const order = picks('wrr', [candidate('a', 1), candidate('b', 2), candidate('c', 3)], 60)
  t.deepEqual(shares(order), { a: 10, b: 20, c: 30 })
  t.deepEqual(order.slice(0, 6), [...'cbcabc'])
})

test('wrr over any weights gives each its weight in one cycle', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), weights => {
      const candidates = weights.map((weight, n) => candidate(String(n), weight))
      const sum = weights.reduce((a, b) => a + b, 0)
      const counts = shares(picks('wrr', candidates, sum))
      const divisor = weights.reduce((a, b) => gcd(a, b), 0)
      // A cycle is sum/gcd long, so sum picks are gcd whole cycles.
      return divisor > 0 && weights.every((weight, n) => counts[n] === weight)
    }),
  )
  t.pass()
})
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

test('wrr goes on when candidates and weights change under it', t => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 5 }), {
        minLength: 2,
      }),
      rounds => {
        const rotation = startRotation()
        return rounds.every(weights => {
          const candidates = weights.map((weight, n) => candidate(String(n), weight))
          return schedule('wrr', candidates, caller, rotation, '') !== null
        })
      },
    ),
  )
  t.pass()
})

test('lc takes the least overhead, where 256 inactive weigh as one active; weights do not count', t => {
  t.is(pick('lc', [candidate('a', 1, 2), candidate('b', 1, 1, 255), candidate('c', 9, 3)]), 'b')
  t.is(pick('lc', [candidate('a', 1, 2), candidate('b', 1, 1, 257)]), 'a')
})

test('wlc takes the least overhead per weight', t => {
  t.is(pick('wlc', [candidate('a', 1, 2), candidate('b', 3, 5)]), 'b')
  t.is(pick('wlc', [candidate('a', 1, 1), candidate('b', 3, 4)]), 'a')
})

test('sed takes the least (active + 1) / weight: idle, always the heaviest', t => {
  t.is(pick('sed', [candidate('a', 1), candidate('b', 2), candidate('c', 3)]), 'c')
  t.is(pick('sed', [candidate('a', 1), candidate('b', 3, 5)]), 'a')
})

test('nq takes an idle one first, else as sed', t => {
  t.is(pick('nq', [candidate('a', 9, 1), candidate('b', 1)]), 'b')
  t.is(pick('nq', [candidate('a', 9, 1), candidate('b', 1, 1)]), 'a')
})

test('fo takes the heaviest; ovf until its active connections reach its weight', t => {
  t.is(pick('fo', [candidate('a', 1), candidate('b', 3, 50)]), 'b')
  t.is(pick('ovf', [candidate('a', 2), candidate('b', 3, 2)]), 'b')
  t.is(pick('ovf', [candidate('a', 2), candidate('b', 3, 3)]), 'a')
})

const farm = Array.from({ length: 5 }, (_, n) => candidate(`10.1.0.${n}:80`, n === 4 ? 4 : 1))
const callers = Array.from({ length: 4_000 }, (_, n) => ({
  ...caller,
  address: `198.51.${n >> 8}.${n & 255}`,
  port: 1024 + n,
}))

test('sh: a client stays with its server, and only a leaving server moves clients', t => {
  for (const from of callers) {
    const before = pick('sh', farm, from)
    t.is(pick('sh', farm, { ...from, port: 1 }), before)
    const after = pick(
      'sh',
      farm.filter(({ id }) => id !== '10.1.0.2:80'),
      from,
    )
    if (before !== '10.1.0.2:80') t.is(after, before)
  }
})

test('sh shares clients out by weight', t => {
  const counts = shares(callers.map(from => pick('sh', farm, from)))
  for (const { id, weight } of farm) {
    const expected = (callers.length * weight) / 8
    t.true(Math.abs(counts[id]! - expected) < expected * 0.2, `${id}: ${counts[id]} of ${expected}`)
  }
})

test('sh-port and mh-port tell the ports of one client apart; dh knows only the service', t => {
  const ports = callers.map(({ port }) => ({ ...caller, port }))
  t.is(Object.keys(shares(ports.map(from => pick('sh', farm, from, 'sh-fallback,sh-port')))).length, 5)
  t.is(Object.keys(shares(ports.map(from => pick('mh', farm, from, 'mh-port')))).length, 5)
  t.is(Object.keys(shares(callers.map(from => pick('dh', farm, from)))).length, 1)
})

test('nobody to choose from gives null, for every scheduler', t => {
  for (const name of schedulerNames) t.is(schedule(name, [], caller, startRotation(), ''), null)
})
