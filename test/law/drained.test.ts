/**
 * Drains and reconcile together: random checks, drains, undrains, reloads and restarts, through director,
 * desired table and reconcile as the daemon wires them. Edit by edit, nothing that is drained has a weight.
 */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { LdirectordConfig } from '../../src/ldirectord/config/model.js'
import { adoptedTargets } from '../../src/ldirectord/core/adopt.js'
import { withoutReaddition } from '../../src/ldirectord/core/believed.js'
import { desiredTable } from '../../src/ldirectord/core/desired.js'
import { Director } from '../../src/ldirectord/core/director.js'
import { type Drain, takesOut, withDrain, withoutDrain } from '../../src/ldirectord/core/drain.js'
import { drainsIn } from '../../src/ldirectord/core/drained-targets.js'
import { applyEdit } from '../../src/ldirectord/core/edit-table.js'
import { reconcile } from '../../src/ldirectord/core/reconcile.js'
import { EMPTY_TABLE, type Table } from '../../src/ldirectord/core/table.js'
import { ownedIds } from '../../src/ldirectord/core/takeover.js'
import { config, real, virtual } from '../ldirectord/sample-config.js'

const REALS = 4
const fileOf = (weight: number, quiescent: boolean): LdirectordConfig => {
  const reals = Array.from({ length: REALS }, (_, n) =>
    real(`10.0.1.${n + 1}:80`, { method: 'masq', weight }),
  )
  return config([virtual('10.0.0.1:80', reals, { quiescent })])
}

class Machine {
  readonly #t: ExecutionContext
  drains: readonly Drain[] = []
  config = fileOf(1, true)
  table: Table = EMPTY_TABLE
  believed: Table = EMPTY_TABLE
  director = this.#directed()

  constructor(t: ExecutionContext) {
    this.#t = t
    this.load()
  }

  #directed(): Director {
    const adopted = adoptedTargets(this.config, this.table, () => false)
    return new Director(this.config, { adopted, drainOf: drainsIn(this.config, this.drains) }, 0)
  }

  /** A start, a reload or a restart: the same for the table. */
  load(): void {
    this.director = this.#directed()
    this.#bring(this.#desired(), this.table)
    this.director.step({ kind: 'settled' }, 0)
  }

  decide(): void {
    const desired = withoutReaddition(this.#desired(), this.believed)
    this.#bring(desired, this.believed)
  }

  #desired(): Table {
    const { director } = this
    return desiredTable(
      this.config,
      (virtual, real) => director.serves(virtual, real),
      (virtual, real) => director.isDrained(virtual, real),
      (virtual, real) => director.weightOf(virtual, real),
    )
  }

  #bring(desired: Table, from: Table): void {
    const owned = ownedIds(this.config, null)
    const before = this.#drainedWeights()
    const failed = []
    for (const edit of reconcile(desired, from, owned)) {
      const { table, error } = applyEdit(this.table, edit)
      if (error !== null) failed.push(edit)
      this.table = table
      for (const [real, weight] of this.#drainedWeights())
        this.#t.true(weight === 0 || before.get(real) === weight, `10.0.1.${real + 1} is raised to ${weight}`)
    }
    this.#t.deepEqual(failed, [])
    this.believed = desired
  }

  weight(real: number): number | null {
    const { destinations = [] } = this.table.services[0] ?? {}
    return destinations.find(({ address }) => address === `10.0.1.${real + 1}`)?.weight ?? null
  }

  isDrained(real: number): boolean {
    return takesOut(this.#drainOf(real))
  }

  limit(real: number): number {
    return this.#drainOf(real)?.weight ?? Number.POSITIVE_INFINITY
  }

  #drainOf(real: number): Drain | null {
    return this.drains.find(({ address }) => address === `10.0.1.${real + 1}`) ?? null
  }

  #drainedWeights(): Map<number, number> {
    const reals = Array.from({ length: REALS }, (_, n) => n).filter(real => this.isDrained(real))
    return new Map(reals.map(real => [real, this.weight(real) ?? 0]))
  }

  redrain(drains: readonly Drain[]): void {
    this.drains = drains
    this.director.step({ kind: 'drains', drainOf: drainsIn(this.config, drains) }, 0)
    this.decide()
  }

  check(real: number, passed: boolean): void {
    const outcome = { passed, code: passed ? 'OK' : 'L4CON', detail: '' } as const
    const targets = [{ virtual: 0, real }]
    this.director.step({ kind: 'checked', targets, outcome, durationMs: 1 }, 0)
    this.decide()
  }
}

const drainOf = (real: number, weight?: number): Drain => ({
  address: `10.0.1.${real + 1}`,
  port: null,
  virtual: null,
  who: 'ann',
  reason: '',
  sinceMs: 0,
  untilMs: null,
  ...(weight !== undefined && { weight }),
})
const place = fc.nat(REALS - 1)
const step = fc.oneof(
  fc.record({ kind: fc.constant('check' as const), real: place, passed: fc.boolean() }),
  fc.record({ kind: fc.constant('drain' as const), real: place }),
  fc.record({ kind: fc.constant('limit' as const), real: place, weight: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('undrain' as const), real: place }),
  fc.record({
    kind: fc.constant('reload' as const),
    weight: fc.integer({ min: 1, max: 3 }),
    quiescent: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('restart' as const), clean: fc.boolean() }),
)

test('between drain and undrain a server never has a weight, or no more than the drain leaves; then its own when it is up', t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const machine = new Machine(t)
      for (const each of steps) {
        switch (each.kind) {
          case 'check':
            machine.check(each.real, each.passed)
            break
          case 'drain':
            machine.redrain(withDrain(machine.drains, drainOf(each.real))!)
            break
          case 'limit':
            machine.redrain(withDrain(machine.drains, drainOf(each.real, each.weight))!)
            break
          case 'undrain':
            machine.redrain(withoutDrain(machine.drains, drainOf(each.real)))
            break
          case 'reload':
            machine.config = fileOf(each.weight, each.quiescent)
            machine.load()
            break
          case 'restart':
            if (each.clean) machine.table = EMPTY_TABLE
            machine.load()
            break
        }
        for (let n = 0; n < REALS; n++) {
          const isUp = machine.director.isUp(0, n)
          const wanted = Math.min(machine.config.virtuals[0]!.reals[n]!.weight, machine.limit(n))
          if (machine.isDrained(n)) t.true((machine.weight(n) ?? 0) === 0)
          else if (isUp) t.is(machine.weight(n), wanted)
          else t.true((machine.weight(n) ?? 0) === 0)
        }
      }
    }),
  )
})
