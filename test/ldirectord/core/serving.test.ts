/** Who serves: up, drained, and the panic threshold, seen in the table that follows from it. */
import test from 'ava'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { Director } from '../../../src/ldirectord/core/director.js'
import { type Change, movesTable } from '../../../src/ldirectord/core/director-contract.js'
import { config, real, virtual } from '../sample-config.js'

const SERVERS = ['10.0.1.1:80', '10.0.1.2:80', '10.0.1.3:80', '10.0.1.4:80']
const FALLBACK = { address: '127.0.0.1', port: 80, method: 'gate', line: 1 } as const
const DRAIN = {
  address: '',
  port: null,
  virtual: null,
  who: 'ann',
  reason: 'disk',
  sinceMs: 0,
  untilMs: null,
}

function started(over: Parameters<typeof virtual>[2]) {
  const file = config([
    virtual(
      '10.0.0.1:80',
      SERVERS.map(server => real(server)),
      over,
    ),
  ])
  const director = new Director(file, { adopted: [0, 1, 2, 3].map(n => ({ virtual: 0, real: n })) }, 0)
  director.step({ kind: 'settled' }, 0)
  return {
    director,
    check: (servers: readonly number[], isUp: boolean): Change[] =>
      director.step(
        {
          kind: 'checked',
          targets: servers.map(n => ({ virtual: 0, real: n })),
          outcome: isUp
            ? { passed: true, code: 'OK', detail: '' }
            : { passed: false, code: 'L4CON', detail: '' },
          durationMs: 1,
        },
        1_000,
      ),
    drain: (servers: readonly number[]): Change[] =>
      director.step(
        { kind: 'drains', drainOf: target => (servers.includes(target.real) ? DRAIN : null) },
        1_000,
      ),
    /** Last number of the address and weight of each entry. */
    table: (): string =>
      desiredTable(
        file,
        (v, r) => director.serves(v, r),
        (v, r) => director.isDrained(v, r),
        (v, r) => director.weightOf(v, r),
      )
        .services[0]!.destinations.map(({ address, weight }) => `${address.split('.')[3]}:${weight}`)
        .sort()
        .join(' '),
  }
}

test('a drained server keeps its entry with weight 0, also with quiescent=no and whatever its checks say', t => {
  const { drain, check, table } = started({ quiescent: false })
  t.deepEqual(
    drain([0]).map(({ kind }) => kind),
    ['drained'],
  )
  t.is(table(), '1:0 2:1 3:1 4:1')
  check([0], false)
  t.is(table(), '1:0 2:1 3:1 4:1')
  check([0], true)
  t.is(table(), '1:0 2:1 3:1 4:1')
  t.deepEqual(
    drain([]).map(({ kind }) => kind),
    ['undrained'],
  )
  t.is(table(), '1:1 2:1 3:1 4:1')
})

test('a drain with a weight leaves that much while the checks pass, and never more than the file says', t => {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80', { weight: 3 })])])
  const director = new Director(file, { adopted: [{ virtual: 0, real: 0 }] }, 0)
  const limit = (weight: number): string[] =>
    director.step({ kind: 'drains', drainOf: () => ({ ...DRAIN, weight }) }, 0).map(({ kind }) => kind)
  const weight = (): number =>
    desiredTable(
      file,
      (v, r) => director.serves(v, r),
      (v, r) => director.isDrained(v, r),
      (v, r) => director.weightOf(v, r),
    ).services[0]!.destinations[0]!.weight
  t.deepEqual([limit(0), weight()], [['drained'], 0])
  t.deepEqual([limit(1), weight()], [['undrained', 'limited'], 1])
  t.deepEqual([limit(2), weight()], [['limited'], 2])
  t.deepEqual([limit(9), weight()], [['limited'], 3])
  const outcome = { passed: false, code: 'L4CON', detail: '' } as const
  director.step({ kind: 'checked', targets: [{ virtual: 0, real: 0 }], outcome, durationMs: 1 }, 0)
  t.is(weight(), 0)
})

test('a drained server that died meanwhile does not serve when its drain ends', t => {
  const { drain, check, table } = started({ quiescent: false })
  drain([0])
  check([0], false)
  drain([])
  t.is(table(), '2:1 3:1 4:1')
})

test('when the last server is drained the fallback serves, and its command is told', t => {
  const { drain, table } = started({ fallback: FALLBACK })
  const changes = drain([0, 1, 2, 3])
  t.deepEqual(changes.at(-1), { kind: 'fallback', virtual: 0, active: true })
  t.is(table(), '1:0 1:1 2:0 3:0 4:0')
})

test('after a reload a drain that was told before is not told again', t => {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80')])])
  const director = new Director(file, { adopted: [], drainOf: () => DRAIN }, 0)
  t.deepEqual(director.step({ kind: 'drains', drainOf: () => DRAIN }, 0), [])
  t.true(director.isDrained(0, 0))
})

test('panicthreshold=50: with fewer than half up all that were up stay, and the checks decide again when half are', t => {
  const { check, table } = started({ panicthreshold: 50 })
  check([0, 1], false)
  t.is(table(), '1:0 2:0 3:1 4:1')
  const changes = check([2], false)
  t.deepEqual(changes.at(-1), { kind: 'panic', virtual: 0, active: true, up: 1, of: 4 })
  t.is(table(), '1:1 2:1 3:1 4:1')
  t.deepEqual(check([0], true).at(-1), { kind: 'panic', virtual: 0, active: false, up: 2, of: 4 })
  t.is(table(), '1:1 2:0 3:0 4:1')
})

test('with none up a fallback wins over the panic threshold; without one all stay', t => {
  const without = started({ panicthreshold: 50 })
  without.check([0, 1, 2, 3], false)
  t.is(without.table(), '1:1 2:1 3:1 4:1')
  const withFallback = started({ panicthreshold: 50, fallback: FALLBACK })
  withFallback.check([0, 1, 2, 3], false)
  t.is(withFallback.table(), '1:0 1:1 2:0 3:0 4:0')
})

test('in a panic a drained server and one under maintenance still get nothing', t => {
  const { director, check, drain, table } = started({ panicthreshold: 100 })
  drain([0])
  director.step({ kind: 'maintenance', targets: [{ virtual: 0, real: 1 }] }, 1_000)
  check([2], false)
  t.is(table(), '1:0 2:0 3:1 4:1')
})

test('a server that was never up does not serve in a panic', t => {
  const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80')], { panicthreshold: 100 })])
  const director = new Director(file, { adopted: [] }, 0)
  director.step({ kind: 'settled' }, 0)
  const outcome = { passed: false, code: 'L4CON', detail: '' } as const
  director.step({ kind: 'checked', targets: [{ virtual: 0, real: 0 }], outcome, durationMs: 1 }, 1)
  t.false(director.serves(0, 0))
})

test('in a panic the table follows a server that is put under maintenance while it is down already, and back', t => {
  const { director, check, table } = started({ panicthreshold: 70 })
  check([0, 1], false)
  t.is(table(), '1:1 2:1 3:1 4:1')
  const targets = [{ virtual: 0, real: 0 }]
  const begun = director.step({ kind: 'maintenance', targets }, 2_000)
  t.true(begun.some(movesTable))
  t.is(table(), '1:0 2:1 3:1 4:1')
  t.true(check([0], false).some(movesTable))
  t.is(table(), '1:1 2:1 3:1 4:1')
})
