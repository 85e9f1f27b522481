/**
 * The director looks again only at virtuals of which a server changed. These laws hold it against a full walk over
 * everything, written here once more from the states alone.
 */
import test from 'ava'
import fc from 'fast-check'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { Director } from '../../../src/ldirectord/core/director.js'
import {
  type Change,
  type DirectorEvent,
  movesTable,
  type Target,
} from '../../../src/ldirectord/core/director-contract.js'
import { config, real, virtual } from '../sample-config.js'

const VIRTUALS = 4
const REALS = 3
const FALLBACK = { address: '127.0.0.1', port: 80, method: 'gate', line: 1 } as const
const DRAIN = {
  address: '',
  port: null,
  virtual: null,
  who: 'ann',
  reason: '',
  sinceMs: 0,
  untilMs: null,
} as const

/** Services with and without a fallback and a panic threshold. */
const FILE = config(
  Array.from({ length: VIRTUALS }, (_, index) =>
    virtual(
      `10.0.0.${index + 1}:80`,
      Array.from({ length: REALS }, (_, place) => real(`10.0.1.${place + 1}:80`)),
      {
        panicthreshold: index % 2 === 0 ? 0 : 60,
        fallback: index < 2 ? FALLBACK : null,
        failurecount: index === 1 ? 2 : 1,
      },
    ),
  ),
)
const ALL: readonly Target[] = FILE.virtuals.flatMap((_, virtual) =>
  Array.from({ length: REALS }, (_, real) => ({ virtual, real })),
)

const targets = fc.subarray([...ALL], { minLength: 1, maxLength: 4 })
const events: fc.Arbitrary<DirectorEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ targets, passed: fc.boolean() }).map(
      ({ targets, passed }): DirectorEvent => ({
        kind: 'checked',
        targets,
        outcome: { passed, code: passed ? 'OK' : 'L4CON', detail: '' },
        durationMs: 1,
      }),
    ),
  },
  { weight: 3, arbitrary: targets.map((targets): DirectorEvent => ({ kind: 'maintenance', targets })) },
  {
    weight: 2,
    arbitrary: fc.subarray([...ALL]).map(
      (drained): DirectorEvent => ({
        kind: 'drains',
        drainOf: target =>
          drained.some(({ virtual, real }) => virtual === target.virtual && real === target.real)
            ? DRAIN
            : null,
      }),
    ),
  },
  { weight: 1, arbitrary: targets.map((targets): DirectorEvent => ({ kind: 'adopted', targets })) },
  { weight: 2, arbitrary: fc.constant<DirectorEvent>({ kind: 'settled' }) },
  { weight: 1, arbitrary: fc.constant<DirectorEvent>({ kind: 'retired' }) },
)

/** Whether this virtual must be in a panic, from what its servers are. */
function mustPanic(director: Director, index: number): boolean {
  const { panicthreshold, fallback } = FILE.virtuals[index]!
  const states = ALL.filter(target => target.virtual === index).map(target => director.state(target))
  const asked = states.filter(({ drain, maintenance }) => drain === null && !maintenance)
  const up = asked.filter(({ health }) => health === 'up')
  if (panicthreshold === 0 || asked.length === 0 || (up.length === 0 && fallback !== null)) return false
  return (up.length / asked.length) * 100 < panicthreshold && asked.some(({ wasUp }) => wasUp)
}

const tableOf = (director: Director) =>
  desiredTable(
    FILE,
    (v, r) => director.serves(v, r),
    (v, r) => director.isDrained(v, r),
  )

test('after every event each virtual panics, and its fallback is told, as a walk over all of them would find', t => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), sequence => {
      const director = new Director(FILE, { adopted: [] }, 0)
      let isSettled = false
      sequence.forEach((event, step) => {
        director.step(event, step * 1_000)
        if (event.kind === 'settled' || event.kind === 'retired') isSettled = event.kind === 'settled'
        if (!isSettled) return
        FILE.virtuals.forEach((_, index) => {
          t.is(director.isPanicking(index), mustPanic(director, index))
          t.is(director.told()[index], !director.anyServes(index))
        })
      })
    }),
    { numRuns: 300 },
  )
})

test('a change that moves the table is told whenever the desired table differs, and each fallback exactly when it changes', t => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60 }), sequence => {
      const director = new Director(FILE, { adopted: ALL }, 0)
      director.step({ kind: 'settled' }, 0)
      const told = new Map(FILE.virtuals.map((_, index) => [index, false]))
      sequence.forEach((event, step) => {
        const before = JSON.stringify(tableOf(director))
        const changes: Change[] = director.step(event, step * 1_000)
        // These two are followed by a load of the whole table, or by none at all.
        const loads = event.kind === 'adopted' || event.kind === 'retired'
        if (!loads && JSON.stringify(tableOf(director)) !== before) t.true(changes.some(movesTable))
        if (event.kind === 'retired') told.clear()
        for (const change of changes) {
          if (change.kind !== 'fallback') continue
          t.not(told.get(change.virtual), change.active)
          told.set(change.virtual, change.active)
        }
      })
    }),
    { numRuns: 300 },
  )
})
