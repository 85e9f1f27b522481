/**
 * The rollout machine against a small world: hosts with a link and a mark on the directors, steps that succeed, fail,
 * or fail after they took effect, kills before, within and after any step. Whatever happens, the laws hold.
 */
import test from 'ava'
import fc from 'fast-check'
import { type Entry, JOURNAL_VERSION, printEntry, replay } from '../../src/deploy/codec/journal.js'
import { type DoEffect, type Effect, type Event, Rollout } from '../../src/deploy/core/rollout.js'
import type { RunPlan } from '../../src/deploy/core/run-plan.js'
import { HOST_STEPS, type HostStep } from '../../src/deploy/core/steps.js'

const OLD = 'releases/20260101000000'
const NEW = 'releases/20260102000000'

interface WorldHost {
  link: string | null
  isDrained: boolean
  isReady: boolean
  mark: 'none' | 'ready' | 'good' | 'bad'
}

/** What the real steps do to the real world, as far as the laws speak of it. */
class World {
  readonly hosts = new Map<string, WorldHost>()
  tuned = false
  /** Worst number of hosts at weight 0 at one time that were not being held. */
  mostDrained = 0

  constructor(names: readonly string[]) {
    for (const name of names)
      this.hosts.set(name, { link: OLD, isDrained: false, isReady: false, mark: 'none' })
  }

  act({ host: name, step }: DoEffect): void {
    if (name === null) {
      if (step === 'tune') this.tuned = true
      if (step === 'restore') this.tuned = false
      return
    }
    const host = this.hosts.get(name)!
    const acts: Partial<Record<HostStep, () => void>> = {
      prepare: () => {
        host.mark = 'ready'
      },
      discard: () => {
        host.mark = 'bad'
      },
      drain: () => {
        host.isDrained = true
      },
      redrain: () => {
        host.isDrained = true
      },
      quiesce: () => {
        host.isDrained = true
      },
      hold: () => {
        host.isDrained = true
      },
      release: () => {
        host.isDrained = false
      },
      rejoin: () => {
        host.isDrained = false
      },
      readmit: () => {
        host.isDrained = false
      },
      swap: () => {
        host.link = NEW
      },
      unswap: () => {
        host.link = OLD
      },
      keep: () => {
        host.mark = 'good'
      },
      spoil: () => {
        host.mark = 'bad'
      },
    }
    acts[step as HostStep]?.()
    const drained = [...this.hosts.values()].filter(({ isDrained }) => isDrained).length
    this.mostDrained = Math.max(this.mostDrained, drained)
  }
}

/** How one attempt at a step goes; the last one is repeated for good. */
type Luck = 'ok' | 'failedBefore' | 'failedAfter'

interface Script {
  readonly plan: RunPlan
  /** By `host:step`, how it goes. */
  readonly luck: ReadonlyMap<string, Luck>
  /** Numbers of the effects that are cut by a kill; `half`: the effect took place, its end is not on record. */
  readonly kills: readonly { readonly after: number; readonly half: boolean }[]
  /** Which of the effects under way ends next. */
  readonly turns: readonly number[]
}

interface Ended {
  readonly world: World
  readonly rollout: Rollout
  readonly exit: number
  readonly journal: string
}

const luckOf = (script: Script, { host, step }: DoEffect): Luck =>
  script.luck.get(`${host ?? ''}:${step}`) ?? 'ok'

/** Runs to the end. A kill starts over from what the journal says; `giveUp` says whether with abort. */
function live(
  script: Script,
  giveUp: boolean,
  check: (world: World, journal: string) => void = () => {},
): Ended {
  const world = new World(script.plan.hosts)
  const entries: Entry[] = [{ kind: 'plan', version: JOURNAL_VERSION, time: '', plan: script.plan }]
  let rollout = new Rollout(script.plan)
  const text = (): string => entries.map(printEntry).join('')
  const feed = (event: Event): Effect[] => {
    entries.push({ kind: 'event', time: '', event })
    return rollout.step(event)
  }
  const kills = [...script.kills]
  let ended = 0
  let turn = 0
  let pending: Effect[] = feed({ kind: 'start' })
  const underWay: DoEffect[] = []
  for (let round = 0; round < 2000; round++) {
    for (const effect of pending) {
      if (effect.kind === 'end') return { world, rollout, exit: effect.exit, journal: text() }
      entries.push({ kind: 'begin', time: '', number: effect.number, host: effect.host, step: effect.step })
      underWay.push(effect)
    }
    pending = []
    const kill = kills[0]?.after === ended ? kills.shift() : undefined
    const [effect] = underWay.splice((script.turns[turn++ % script.turns.length] ?? 0) % underWay.length, 1)
    if (effect === undefined) throw new Error('the run neither ends nor asks for anything')
    const luck = luckOf(script, effect)
    if (kill === undefined || kill.half) if (luck !== 'failedBefore') world.act(effect)
    check(world, text())
    if (kill !== undefined) {
      const again = replay(`${text()}{"kind":"ev`)
      if ('reason' in again) throw new Error(again.reason)
      rollout = again.rollout
      underWay.length = 0
      ended++
      pending = giveUp && rollout.takes({ kind: 'abort' }) ? feed({ kind: 'abort' }) : [...rollout.owed]
      giveUp = false
      continue
    }
    ended++
    const data =
      effect.step === 'capacity'
        ? { allowed: effect.hosts }
        : effect.step === 'readTuning'
          ? { tuning: { lb1: '0' } }
          : undefined
    pending = feed({
      kind: 'done',
      number: effect.number,
      ok: luck === 'ok',
      why: luck === 'ok' ? '' : 'no luck',
      ...(data && { data }),
    })
    check(world, text())
  }
  throw new Error('the run does not end')
}

const HOSTS = ['web1', 'web2', 'web3'] as const
/** Luck leaves them alone. */
const SPARED: readonly HostStep[] = ['discard', 'redrain', 'hold', 'onFail']
const STEPS = HOST_STEPS.filter(step => !SPARED.includes(step))

const planOf = (over: Partial<RunPlan> = {}): RunPlan => ({
  run: 'r1',
  kind: 'release',
  release: '20260102000000',
  previous: Object.fromEntries(HOSTS.map(name => [name, OLD])),
  hosts: HOSTS,
  batch: [{ count: 1 }],
  maxFail: 0,
  onBatchFail: 'stop',
  until: 'end',
  skips: [],
  digest: 'd',
  spoilsPrevious: false,
  ...over,
})

const lucks = fc
  .array(
    fc.tuple(
      fc.constantFrom(...HOSTS),
      fc.constantFrom(...STEPS),
      fc.constantFrom<Luck>('failedBefore', 'failedAfter'),
    ),
    { maxLength: 4 },
  )
  .map(rows => new Map(rows.map(([host, step, luck]) => [`${host}:${step}`, luck] as const)))

const scripts: fc.Arbitrary<Script> = fc.record({
  plan: fc
    .record({
      size: fc.integer({ min: 1, max: 3 }),
      maxFail: fc.integer({ min: 0, max: 2 }),
      onBatchFail: fc.constantFrom('stop' as const, 'rollback_all' as const),
    })
    .map(({ size, ...rest }) => planOf({ batch: [{ count: size }], ...rest })),
  luck: lucks,
  kills: fc
    .array(fc.record({ after: fc.integer({ min: 0, max: 40 }), half: fc.boolean() }), { maxLength: 3 })
    .map(kills =>
      kills.sort((a, b) => a.after - b.after).filter((kill, at, all) => all[at - 1]?.after !== kill.after),
    ),
  turns: fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
})

/** A held host says so; every other serves one release with its full weight. */
function properEnd({ world, rollout }: Ended): void {
  for (const { name, at } of rollout.hosts) {
    const host = world.hosts.get(name)!
    if (at === 'held') continue
    if (host.isDrained) throw new Error(`${name} is ${at} and still drained`)
    if (host.link !== (at === 'done' ? NEW : OLD)) throw new Error(`${name} is ${at} and serves ${host.link}`)
  }
  if (world.tuned) throw new Error('the setting of the director was not restored')
}

test('whatever fails and whenever it is killed, a resumed run reaches a proper end', t => {
  fc.assert(
    fc.property(scripts, script => properEnd(live(script, false))),
    { numRuns: 400 },
  )
  t.pass()
})

test('whatever fails and whenever it is killed, a run that is given up reaches a proper end', t => {
  fc.assert(
    fc.property(scripts, script => properEnd(live(script, true))),
    { numRuns: 400 },
  )
  t.pass()
})

test('a kill changes nothing about where a run ends', t => {
  fc.assert(
    fc.property(scripts, script => {
      const killed = live(script, false)
      const whole = live({ ...script, kills: [] }, false)
      // Hosts of one batch end in any order; what is decided afterwards may depend on it only through maxFail.
      t.deepEqual(
        killed.rollout.hosts.map(({ at }) => at),
        whole.rollout.hosts.map(({ at }) => at),
      )
      t.is(killed.exit, whole.exit)
    }),
    { numRuns: 300 },
  )
})

test('at most a batch is below its weight besides hosts that are held', t => {
  fc.assert(
    fc.property(scripts, script => {
      const size = 'count' in script.plan.batch[0]! ? script.plan.batch[0].count : 0
      live(script, false, (world, journal) => {
        const again = replay(journal)
        if ('reason' in again) throw new Error(again.reason)
        const stuck = again.rollout.hosts.filter(
          ({ at, fate }) => at === 'held' || fate === 'held' || at === 'hold',
        ).length
        const drained = [...world.hosts.values()].filter(({ isDrained }) => isDrained).length
        if (drained > size + stuck)
          throw new Error(`${drained} hosts are drained, batches have ${size}, ${stuck} are held`)
      })
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('no host is drained without a begun step in the journal that says so', t => {
  fc.assert(
    fc.property(scripts, script => {
      live(script, true, (world, journal) => {
        for (const [name, { isDrained }] of world.hosts)
          if (
            isDrained &&
            !new RegExp(`"host":"${name}","step":"(drain|redrain|quiesce|hold)"`).test(journal)
          )
            throw new Error(`${name} is drained and the journal does not know`)
      })
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('a link only ever points to the old release or to one that was made ready', t => {
  fc.assert(
    fc.property(scripts, script => {
      live(script, false, world => {
        for (const { link, mark } of world.hosts.values())
          if (link === NEW && mark === 'none') throw new Error('an unfinished release is served')
      })
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('killed at each step of a good run, resume ends on the new release and abort on the old or the verified one', t => {
  const steps =
    live({ plan: planOf(), luck: new Map(), kills: [], turns: [0] }, false).journal.split('"begin"').length -
    1
  t.true(steps > 30)
  for (let after = 0; after < steps; after++) {
    for (const half of [false, true]) {
      const script: Script = { plan: planOf(), luck: new Map(), kills: [{ after, half }], turns: [0] }
      const resumed = live(script, false)
      t.is(resumed.exit, 0)
      t.deepEqual(
        [...resumed.world.hosts.values()].map(({ link }) => link),
        [NEW, NEW, NEW],
      )
      let verified: string[] = []
      const given = live(script, true, (_world, journal) => {
        const before = replay(journal.split('{"kind":"event","time":"","event":{"kind":"abort"}}')[0]!)
        if ('reason' in before) throw new Error(before.reason)
        verified = before.rollout.hosts.flatMap(({ name, at }) =>
          at === 'done' || at === 'keep' ? [name] : [],
        )
      })
      properEnd(given)
      const done = given.rollout.hosts.flatMap(({ name, at }) => (at === 'done' ? [name] : []))
      t.deepEqual(done, verified, 'nobody starts after the run was given up')
      t.true([0, 7].includes(given.exit), `exit ${given.exit} after ${after}`)
    }
  }
})

const entriesOf = (journal: string): Entry[] =>
  journal
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Entry)

/** Each step that was begun, with the machine as it stood before. */
function* begun(journal: string): Generator<{ host: string | null; step: string; before: Rollout }> {
  const [first, ...entries] = entriesOf(journal)
  if (first?.kind !== 'plan') throw new Error('a journal begins with its plan')
  const before = new Rollout(first.plan)
  for (const entry of entries) {
    if (entry.kind === 'begin') yield { host: entry.host, step: entry.step, before }
    if (entry.kind === 'event') before.step(entry.event)
  }
}

test('no batch starts after more hosts have failed than max_fail allows, nor after the run was given up', t => {
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, giveUp) => {
      const started = new Set<string>()
      for (const { host, step, before } of begun(live(script, giveUp).journal)) {
        if (step !== 'drain' || host === null || started.has(host)) continue
        started.add(host)
        const batch = before.owed.filter(owed => owed.step === 'drain').map(owed => owed.host)
        const failed = before.hosts.filter(({ name, fate }) => fate !== null && !batch.includes(name))
        // Of its own batch a host may have failed before the others began.
        if (failed.length > script.plan.maxFail)
          throw new Error(`${host} starts after ${failed.length} failures`)
        if (before.isAborted) throw new Error(`${host} starts after the run was given up`)
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('a host is done only when each step since its last switch has succeeded', t => {
  const NEEDED = ['swap', 'switch', 'gate', 'rejoin', 'watch'] as const
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, giveUp) => {
      const { rollout, journal } = live(script, giveUp)
      const passed = new Map<string, Set<string>>(HOSTS.map(name => [name, new Set()]))
      const names = new Map<number, readonly [host: string, step: string]>()
      for (const entry of entriesOf(journal)) {
        if (entry.kind === 'begin' && entry.host !== null) names.set(entry.number, [entry.host, entry.step])
        if (entry.kind !== 'event' || entry.event.kind !== 'done' || !entry.event.ok) continue
        const [host, step] = names.get(entry.event.number) ?? ['', '']
        if (step === 'swap') passed.get(host)?.clear()
        passed.get(host)?.add(step)
      }
      for (const { name, at } of rollout.hosts) {
        const missing = NEEDED.filter(step => !passed.get(name)!.has(step))
        if (at === 'done' && missing.length > 0)
          throw new Error(`${name} is done without ${missing.join(' ')}`)
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('a link is only changed while its host is at weight 0, unless that could not be had', t => {
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, giveUp) => {
      let before = new Map<string, WorldHost>()
      live(script, giveUp, world => {
        for (const [name, { link }] of world.hosts) {
          const old = before.get(name)
          const refused = ['drain', 'redrain', 'quiesce'].some(step => script.luck.has(`${name}:${step}`))
          if (old !== undefined && old.link !== link && !old.isDrained && !refused)
            throw new Error(`${name} was switched under its clients`)
        }
        before = new Map([...world.hosts].map(([name, host]) => [name, { ...host }]))
      })
    }),
    { numRuns: 400 },
  )
  t.pass()
})

test('a run that is undone goes back from its last host to its first; one that is given up leaves verified hosts alone', t => {
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, giveUp) => {
      const { rollout, journal } = live(script, giveUp)
      const undone: number[] = []
      let verified: readonly string[] | null = null
      for (const { host, step, before } of begun(journal)) {
        const index = (HOSTS as readonly (string | null)[]).indexOf(host)
        if (step === 'redrain' && !undone.includes(index)) undone.push(index)
        if (before.isAborted)
          verified ??= before.hosts.filter(({ at }) => at === 'done').map(({ name }) => name)
      }
      if (undone.some((index, at) => at > 0 && index > undone[at - 1]!))
        throw new Error(`undone in the order ${undone.join(' ')}`)
      for (const name of verified ?? [])
        if (rollout.hosts.find(host => host.name === name)!.at !== 'done')
          throw new Error(`${name} was verified and went back`)
    }),
    { numRuns: 400 },
  )
  t.pass()
})

test('the exit status says the worst that has become of a host', t => {
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, giveUp) => {
      const { rollout, exit } = live(script, giveUp)
      const fates = rollout.hosts.map(({ at }) => at)
      const has = (fate: string): boolean => fates.some(at => at === fate)
      const rows: readonly (readonly [when: boolean, exit: number])[] = [
        [has('held'), 6],
        [has('rolledBack') && !rollout.isAborted, 5],
        [has('done') && fates.some(at => at !== 'done'), 7],
        [rollout.isAborted || fates.every(at => at === 'done'), 0],
        [true, 4],
      ]
      t.is(exit, rows.find(([when]) => when)![1], fates.join(' '))
    }),
    { numRuns: 400 },
  )
})
