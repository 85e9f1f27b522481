import test from 'ava'
import { createPrng } from '../../../src/base/prng.js'
import { Cluster, type ClusterConfig, type Effect, type Event } from '../../../src/heartbeat/core/cluster.js'
import { type FieldValue, Message } from '../../../src/heartbeat/wire/message.js'

const KEEPALIVE_MS = 1000
const DEADTIME_MS = 3000

/** alpha, a beta that holds its groups and then falls silent, and a router that answers pings as long as it is told. */
class Bench {
  readonly cluster: Cluster
  readonly effects: Effect[] = []
  nowMs = 0
  routerAnswers = true
  betaSpeaks = true
  #seq = 2
  #generation = 7

  constructor(changes: Partial<ClusterConfig> = {}) {
    this.cluster = new Cluster({
      ...{ us: 'alpha', nodes: ['alpha', 'beta'], pingNodes: ['router'], uuid: new Uint8Array(16).fill(1) },
      ...{ generation: 1000, keepaliveMs: KEEPALIVE_MS, deadtimeMs: DEADTIME_MS, warntimeMs: 2000 },
      ...{ initdeadMs: 10_000, deadpingMs: DEADTIME_MS, autoFailback: 'on', maxRexmitDelayMs: 250 },
      ...{ hopfudge: 1, links: ['eth1'], manageResources: true, heldAtStart: 'none' },
      groups: [
        { node: 'alpha', key: 'web' },
        { node: 'beta', key: 'db' },
      ],
      random: createPrng(1),
      wallSeconds: () => 1_700_000_000,
      loadAverage: () => 'n/a',
      ...changes,
    })
    this.effects.push(...this.cluster.start(0))
  }

  step(event: Event): void {
    const effects = this.cluster.step(event, this.nowMs)
    this.effects.push(...effects)
    for (const effect of effects)
      if (effect.kind === 'run') this.step({ kind: 'jobEnded', job: effect.job, failed: [] })
  }

  beta(...pairs: readonly (readonly [string, FieldValue])[]): void {
    const seq = (this.#seq++).toString(16)
    const hg = this.#generation.toString(16)
    const message = Message.of(...pairs, ['src', 'beta'], ['seq', seq], ['hg', hg], ['ts', '6b00fbef'])
    this.step({ kind: 'received', link: 'eth1', message })
  }

  /** beta is active and holds its own groups. */
  join(): void {
    this.run(100)
    this.beta(['t', 'repnodes'], ['nodelist', 'alpha beta '], ['delnodelist', ' '])
    this.claim('local')
    this.run(5000)
    this.effects.length = 0
  }

  claim(held: string): void {
    this.beta(['t', 'resource'], ['rsc_hold', held], ['rtype', 'full'], ['isstable', '1'])
  }

  run(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += 100) {
      if (this.nowMs % KEEPALIVE_MS === 0) {
        if (this.betaSpeaks)
          this.beta(['t', 'status'], ['st', 'active'], ['dt', DEADTIME_MS.toString(16)], ['protocol', '1'])
        if (this.routerAnswers) this.pong()
      }
      this.step({ kind: 'clock' })
    }
  }

  pong(): void {
    const message = Message.of(['t', 'NS_st'], ['st', 'ping'], ['src', 'router'], ['ts', '6b00fbef'])
    this.step({ kind: 'received', link: 'router', message })
  }

  get log(): string[] {
    return this.effects.flatMap(effect => (effect.kind === 'log' ? [effect.text] : []))
  }

  get taken(): string[] {
    return this.effects.flatMap(effect => (effect.kind === 'run' ? [effect.what] : []))
  }

  get decisions(): string[] {
    return this.cluster.status().decisions.map(({ what, because }) => `${what} (${because})`)
  }

  count(kind: Effect['kind']): number {
    return this.effects.filter(effect => effect.kind === kind).length
  }
}

test('a dead node is reset before anything of it is taken, and the takeover waits for the device', t => {
  const bench = new Bench({ canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(4000)
  t.is(bench.count('reset'), 1)
  t.deepEqual(bench.taken, [])
  t.is(bench.cluster.status().resources.rscstatus, 'transition')
  bench.run(60_000)
  t.is(bench.count('reset'), 1, 'a device may take its time')
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.deepEqual(bench.taken, ['takeFrom'])
  t.true(bench.log.indexOf('Resources being acquired from beta.') > bench.log.indexOf('node beta: is dead'))
  t.false(bench.log.includes('No STONITH device configured.'))
})

test('a reset that fails is asked for again after 5 s, as recorded, and nothing is taken meanwhile', t => {
  const bench = new Bench({ canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(4000)
  for (const result of ['bad', 'badhost'] as const) {
    bench.step({ kind: 'resetEnded', node: 'beta', result })
    const before = bench.count('reset')
    bench.run(4900)
    t.is(bench.count('reset'), before)
    bench.run(300)
    t.is(bench.count('reset'), before + 1)
  }
  t.is(bench.log.filter(text => text === 'STONITH of beta failed.  Retrying...').length, 2)
  t.deepEqual(bench.taken, [])
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.deepEqual(bench.taken, ['takeFrom'])
})

test('a node that held nothing, or left in good order, is not reset', t => {
  const idle = new Bench({ canReset: true })
  idle.join()
  idle.claim('none')
  idle.betaSpeaks = false
  idle.run(5000)
  t.is(idle.count('reset'), 0)
  t.true(idle.log.includes('Dead node beta gave up resources.'))
  const leaver = new Bench({ canReset: true })
  leaver.join()
  leaver.betaSpeaks = false
  leaver.beta(['t', 'shutdone'], ['st', 'dead'])
  leaver.run(5000)
  t.is(leaver.count('reset'), 0)
  t.true(leaver.taken.includes('takeFrom'))
})

test('a node that dies while it takes what we gave it is reset, though it has not said that it holds it', t => {
  const bench = new Bench({ canReset: true })
  bench.join()
  bench.claim('none')
  bench.step({
    kind: 'submitted',
    message: Message.of(['t', 'ask_resources'], ['rsc_hold', 'all'], ['info', 'me']),
  })
  bench.beta(['t', 'ask_resources'], ['rsc_hold', 'all'], ['info', 'other'])
  t.is(bench.cluster.status().resources.standby?.phase, 'peerTaking')
  bench.betaSpeaks = false
  bench.run(4000)
  t.is(bench.count('reset'), 1)
  t.false(bench.log.includes('Dead node beta gave up resources.'))
})

test('a node that was never heard is reset before its resources are taken; a restart that keeps all resets nobody', t => {
  const bench = new Bench({ canReset: true })
  bench.betaSpeaks = false
  bench.run(11_000)
  t.is(bench.count('reset'), 1)
  t.deepEqual(bench.taken, [])
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.true(bench.taken.includes('takeFrom'))
  const again = new Bench({ canReset: true, heldAtStart: 'all' })
  again.betaSpeaks = false
  again.run(11_000)
  t.is(again.count('reset'), 0)
  t.is(again.cluster.status().resources.state, 'stable')
})

test('a node that is heard again is not taken over, and an answer for an earlier death does not count for a later one', t => {
  const bench = new Bench({ canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(4000)
  bench.betaSpeaks = true
  bench.run(2000)
  t.true(bench.decisions.includes('takeover from beta cancelled (it is heard again)'))
  bench.betaSpeaks = false
  bench.run(5000)
  t.is(bench.count('reset'), 2)
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.deepEqual(bench.taken, [], 'that was the first reset')
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.deepEqual(bench.taken, ['takeFrom'])
})

test('a stop does not wait for a device that never answers', t => {
  const bench = new Bench({ canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(4000)
  bench.step({ kind: 'stop' })
  bench.run(2000)
  t.is(bench.count('stopped'), 1)
  t.false(bench.taken.includes('takeFrom'))
})

test('takeover_needs_ping: who has lost its ping nodes too takes nothing and says why, until one answers', t => {
  const bench = new Bench({ takeoverNeedsPing: true, canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.routerAnswers = false
  bench.run(30_000)
  t.deepEqual(bench.taken, [])
  t.is(bench.count('reset'), 0, 'nor does it shoot the other')
  t.is(bench.log.filter(text => text.startsWith('No ping node answers')).length, 1)
  t.true(bench.decisions.includes('does not take over from beta (no ping node answers)'))
  bench.routerAnswers = true
  bench.run(4000)
  t.is(bench.count('reset'), 1)
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'OK' })
  t.deepEqual(bench.taken, ['takeFrom'])
})

test('takeover_needs_ping: who loses its ping nodes between two tries of a reset tries no more', t => {
  const bench = new Bench({ takeoverNeedsPing: true, canReset: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(4000)
  bench.routerAnswers = false
  bench.step({ kind: 'resetEnded', node: 'beta', result: 'bad' })
  bench.run(30_000)
  t.is(bench.count('reset'), 1)
  bench.routerAnswers = true
  bench.run(4000)
  t.is(bench.count('reset'), 2)
})

test('takeover_needs_ping holds also for a node that held nothing: the connected one will serve', t => {
  const bench = new Bench({ takeoverNeedsPing: true })
  bench.join()
  bench.claim('none')
  bench.betaSpeaks = false
  bench.routerAnswers = false
  bench.run(10_000)
  t.deepEqual(bench.taken, [])
})

test('takeover_needs_ping: who reaches a ping node takes over at the verdict', t => {
  const bench = new Bench({ takeoverNeedsPing: true })
  bench.join()
  bench.betaSpeaks = false
  bench.run(3500)
  t.deepEqual(bench.taken, ['takeFrom'])
})

test('takeover_needs_ping: an answer that came after the last heartbeat, but before the next was due, does not count', t => {
  const bench = new Bench({ takeoverNeedsPing: true, deadtimeMs: 2100, deadpingMs: 30_000 })
  bench.join()
  bench.betaSpeaks = false
  bench.routerAnswers = false
  bench.run(900)
  bench.pong()
  bench.run(4000)
  t.true(bench.log.includes('node beta: is dead'))
  t.deepEqual(bench.taken, [])
})

test('takeover_needs_ping: a node that starts cut off takes nothing, also not its own, and serves once it is connected', t => {
  const bench = new Bench({ takeoverNeedsPing: true })
  bench.betaSpeaks = false
  bench.routerAnswers = false
  bench.run(60_000)
  t.deepEqual(bench.taken, [])
  bench.routerAnswers = true
  bench.run(4000)
  t.is(bench.cluster.status().resources.held, 'all')
})

test('takeover_needs_ping changes nothing without ping nodes', t => {
  const bench = new Bench({ takeoverNeedsPing: true, pingNodes: [] })
  bench.routerAnswers = false
  bench.join()
  bench.betaSpeaks = false
  bench.run(3500)
  t.deepEqual(bench.taken, ['takeFrom'])
})
