import test from 'ava'
import type { Outcome } from '../../../src/ldirectord/checks/check.js'
import { Director } from '../../../src/ldirectord/core/director.js'
import type { Change, Target } from '../../../src/ldirectord/core/director-contract.js'
import { config, real, virtual } from '../sample-config.js'

const OK: Outcome = { passed: true, code: 'OK', detail: '200 OK' }
const REFUSED: Outcome = { passed: false, code: 'L4CON', detail: 'connection refused' }
const A: Target = { virtual: 0, real: 0 }
const B: Target = { virtual: 0, real: 1 }

function directorOf(failurecount = 1, adopted: Target[] = []): Director {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:80')], { failurecount })])
  return new Director(file, { adopted }, 0)
}
const checked = (director: Director, target: Target, outcome: Outcome, nowMs = 0): Change[] =>
  director.step({ kind: 'checked', targets: [target], outcome, durationMs: 1 }, nowMs)
const kinds = (changes: readonly Change[]): string[] => changes.map(change => change.kind)

test('a server that was never checked is not up', t => {
  t.false(directorOf().isUp(0, 0))
})

test('the first passed check brings a server up, and says why', t => {
  t.deepEqual(checked(directorOf(), A, OK), [{ kind: 'up', target: A, from: 'unknown', because: '200 OK' }])
})

test('a further passed check changes nothing', t => {
  const director = directorOf()
  checked(director, A, OK)
  t.deepEqual(checked(director, A, OK), [])
})

test('with failurecount=3 the third failure in a row takes the server out, as the reference counts', t => {
  const director = directorOf(3)
  checked(director, A, OK)
  t.deepEqual(checked(director, A, REFUSED), [{ kind: 'softFailure', target: A, failures: 1, limit: 3 }])
  t.deepEqual(checked(director, A, REFUSED), [{ kind: 'softFailure', target: A, failures: 2, limit: 3 }])
  t.deepEqual(kinds(checked(director, A, REFUSED)), ['down'])
  t.deepEqual(checked(director, A, REFUSED), [])
})

test('a success between failures starts the count again', t => {
  const director = directorOf(2)
  checked(director, A, OK)
  checked(director, A, REFUSED)
  t.deepEqual(kinds(checked(director, A, OK)), ['softFailuresReset'])
  t.deepEqual(kinds(checked(director, A, REFUSED)), ['softFailure'])
})

test('a server shared by two virtuals counts a failed check once in each', t => {
  const shared = real('10.0.1.1:80')
  const file = config([
    virtual('10.0.0.1:80', [shared], { failurecount: 2 }),
    virtual('10.0.0.2:80', [shared], { failurecount: 2 }),
  ])
  const targets = [A, { virtual: 1, real: 0 }]
  const director = new Director(file, { adopted: targets }, 0)
  const changes = director.step({ kind: 'checked', targets, outcome: REFUSED, durationMs: 1 }, 0)
  t.deepEqual(
    changes.map(change => change.kind === 'softFailure' && change.failures),
    [1, 1],
  )
})

test('a server that was never up goes down at its first failure whatever failurecount says', t => {
  t.deepEqual(kinds(checked(directorOf(5), A, REFUSED)), ['down'])
})

test('maintenance takes an up server down at once, whatever failurecount says', t => {
  const director = directorOf(5, [A])
  t.deepEqual(kinds(director.step({ kind: 'maintenance', targets: [A] }, 0)), ['down'])
  t.true(director.state(A).maintenance)
  t.deepEqual(kinds(checked(director, A, OK)), ['up'])
  t.false(director.state(A).maintenance)
})

test('an adopted server is up until a check says otherwise', t => {
  const director = directorOf(1, [A])
  t.true(director.isUp(0, 0))
  checked(director, A, REFUSED)
  t.false(director.isUp(0, 0))
})

test('nothing is told of the fallback before the first round is over', t => {
  const director = directorOf()
  t.false(kinds(checked(director, A, OK)).includes('fallback'))
  t.deepEqual(director.step({ kind: 'settled' }, 0), [{ kind: 'fallback', virtual: 0, active: false }])
})

test('the fallback is told once when the last server goes down and once when the first comes up', t => {
  const director = directorOf(1, [A, B])
  director.step({ kind: 'settled' }, 0)
  t.deepEqual(kinds(checked(director, A, REFUSED)), ['down'])
  t.deepEqual(kinds(checked(director, B, REFUSED)), ['down', 'fallback'])
  // The original says so too when a server returns: its failures are forgotten.
  t.deepEqual(kinds(checked(director, B, OK)), ['softFailuresReset', 'up', 'fallback'])
  t.deepEqual(kinds(checked(director, A, OK)), ['softFailuresReset', 'up'])
})

test('after a reload only a fallback that changed is told', t => {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80')])])
  const told = new Map([[0, false]])
  const unchanged = new Director(file, { adopted: [A], told }, 0)
  t.deepEqual(unchanged.step({ kind: 'settled' }, 0), [])
  const changed = new Director(file, { adopted: [], told }, 0)
  t.deepEqual(changed.step({ kind: 'settled' }, 0), [{ kind: 'fallback', virtual: 0, active: true }])
})
