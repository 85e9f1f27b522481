import test from 'ava'
import { passing } from '../../../src/base/io/real-clock.js'
import type { Outcome, Probe } from '../../../src/ldirectord/checks/check.js'
import { plannedChecks } from '../../../src/ldirectord/core/probe.js'
import { CheckLoop } from '../../../src/ldirectord/io/check-loop.js'
import { VirtualClock } from '../../virtual-clock.js'
import { config, real, virtual } from '../sample-config.js'

const OK: Outcome = { passed: true, code: 'OK', detail: 'yes' }
const checks = (over: Parameters<typeof virtual>[2] = {}) =>
  plannedChecks(config([virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:80')], over)]))

interface Play {
  readonly run?: (probe: Probe, signal: AbortSignal) => Promise<Outcome>
  readonly isMaintained?: boolean
  readonly over?: Parameters<typeof virtual>[2]
}
function loopOf({ run = async () => OK, isMaintained = false, over = {} }: Play) {
  const outcomes: string[] = []
  const asked: string[] = []
  const clock = new VirtualClock()
  const loop = new CheckLoop({
    clock,
    checks: checks(over),
    run: (probe, signal) => {
      asked.push(probe.address)
      return run(probe, signal)
    },
    isMaintained: () => isMaintained,
    onOutcome: (_, outcome) => outcomes.push(outcome === 'maintenance' ? outcome : outcome.detail),
  })
  const firstRound = (quietMs = 60_000, latestMs = 60_000) =>
    clock.during(loop.firstRound({ quietMs, latestMs }))
  return { loop, clock, firstRound, outcomes, asked }
}

test('the first round is over when every check has answered', async t => {
  const { loop, firstRound, outcomes } = loopOf({})
  loop.start()
  await firstRound()
  t.deepEqual(outcomes, ['yes', 'yes'])
  loop.stop()
})

test('a server that never answers does not hold the first round longer than it may last', async t => {
  const never = new Promise<Outcome>(() => {})
  const { loop, clock, firstRound, outcomes } = loopOf({
    run: probe => (probe.address === '10.0.1.1' ? never : Promise.resolve(OK)),
  })
  loop.start()
  await firstRound(3_000, 5_000)
  t.deepEqual(outcomes, ['yes'])
  t.is(clock.nowMs(), 3_000)
  loop.stop()
})

test('a server under maintenance is not asked', async t => {
  const { loop, firstRound, outcomes, asked } = loopOf({ isMaintained: true })
  loop.start()
  await firstRound()
  t.deepEqual(asked, [])
  t.deepEqual(outcomes, ['maintenance', 'maintenance'])
  loop.stop()
})

test('checktype=on is up in the first round without asking anybody', async t => {
  const { loop, firstRound, outcomes, asked } = loopOf({ over: { checktype: 'on' } })
  loop.start()
  await firstRound()
  t.deepEqual(asked, [])
  t.is(outcomes.length, 2)
  loop.stop()
})

test('a stopped loop aborts its checks and hands no outcome on', async t => {
  let aborted = 0
  const { loop, firstRound, outcomes } = loopOf({
    run: (_, signal) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => {
          aborted++
          resolve(OK)
        })
      }),
  })
  loop.start()
  loop.stop()
  await firstRound()
  t.is(aborted, 2)
  t.deepEqual(outcomes, [])
})

test('after a reload what was answered is known, and only what is new is asked', async t => {
  const asked: string[] = []
  const clock = new VirtualClock()
  const outcome = (probe: Probe): Outcome =>
    probe.address === '10.0.1.2' ? { ...OK, passed: false, code: 'L4CON' } : OK
  const open = (addresses: readonly string[], before: CheckLoop | null) =>
    new CheckLoop({
      checks: plannedChecks(
        config([
          virtual(
            '10.0.0.1:80',
            addresses.map(address => real(`${address}:80`)),
          ),
        ]),
      ),
      before,
      clock,
      run: async probe => {
        asked.push(probe.address)
        return outcome(probe)
      },
      isMaintained: () => false,
      onOutcome: () => {},
    })
  const old = open(['10.0.1.1', '10.0.1.2'], null)
  old.start()
  await clock.during(old.firstRound({ quietMs: 60_000, latestMs: 60_000 }))
  old.stop()
  asked.length = 0
  const fresh = open(['10.0.1.3', '10.0.1.2', '10.0.1.1'], old)
  fresh.start()
  await clock.during(fresh.firstRound({ quietMs: 60_000, latestMs: 60_000 }))
  t.deepEqual(asked, ['10.0.1.3'])
  const known = plannedChecks(config([virtual('10.0.0.1:80', [real('10.0.1.2:80')])]))[0]!
  t.is(fresh.answered(known.id)?.outcome.code, 'L4CON')
  fresh.stop()
})

/** A loop over so many servers of one service. */
function loopOver(servers: number, clock: VirtualClock, run: (index: number) => Promise<Outcome>) {
  const address = (index: number): string => `10.0.${index >> 8}.${index & 255}`
  const answered: string[] = []
  const loop = new CheckLoop({
    clock,
    checks: plannedChecks(
      config([
        virtual(
          '10.0.0.1:80',
          Array.from({ length: servers }, (_, index) => real(`${address(index)}:80`)),
        ),
      ]),
    ),
    run: probe => {
      const [, , third = 0, fourth = 0] = probe.address.split('.').map(Number)
      return run(third * 256 + fourth)
    },
    isMaintained: () => false,
    onOutcome: check => answered.push(check.probe.address),
  })
  return { loop, answered, addresses: Array.from({ length: servers }, (_, index) => address(index)) }
}

test('the first round waits longer than its quiet time while answers keep coming', async t => {
  const clock = new VirtualClock()
  const { loop, answered, addresses } = loopOver(8, clock, async index => {
    await passing(clock, 400 * (index + 1))
    return OK
  })
  loop.start()
  await clock.during(loop.firstRound({ quietMs: 500, latestMs: 60_000 }))
  t.deepEqual(answered, addresses)
  t.is(clock.nowMs(), 3_200)
  loop.stop()
})

test('answers that keep coming do not hold the first round longer than it may last', async t => {
  const clock = new VirtualClock()
  const { loop, answered } = loopOver(8, clock, async index => {
    await passing(clock, 400 * (index + 1))
    return OK
  })
  loop.start()
  await clock.during(loop.firstRound({ quietMs: 500, latestMs: 1_300 }))
  t.is(answered.length, 3)
  t.is(clock.nowMs(), 1_300)
  loop.stop()
})

test('a first round is not over while servers are still being asked, however long no answer comes', async t => {
  const clock = new VirtualClock()
  const SERVERS = 600
  let allAsked: () => void = () => {}
  const answers = new Promise<Outcome>(resolve => {
    allAsked = () => resolve(OK)
  })
  // A machine that needs long to ask, so that the first answer comes long after the quiet time.
  const { loop, answered } = loopOver(SERVERS, clock, index => {
    clock.busy(10)
    if (index === SERVERS - 1) allAsked()
    return answers
  })
  loop.start()
  await clock.during(loop.firstRound({ quietMs: 60, latestMs: 60_000 }))
  t.is(answered.length, SERVERS)
  loop.stop()
})
