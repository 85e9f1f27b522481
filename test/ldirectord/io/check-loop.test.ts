import test from 'ava'
import type { Outcome, Probe } from '../../../src/ldirectord/checks/check.js'
import { plannedChecks } from '../../../src/ldirectord/core/probe.js'
import { CheckLoop } from '../../../src/ldirectord/io/check-loop.js'
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
  const loop = new CheckLoop({
    checks: checks(over),
    run: (probe, signal) => {
      asked.push(probe.address)
      return run(probe, signal)
    },
    isMaintained: () => isMaintained,
    onOutcome: (_, outcome) => outcomes.push(outcome === 'maintenance' ? outcome : outcome.detail),
  })
  return { loop, outcomes, asked }
}

test('the first round is over when every check has answered', async t => {
  const { loop, outcomes } = loopOf({})
  loop.start()
  await loop.firstRound(60_000)
  t.deepEqual(outcomes, ['yes', 'yes'])
  loop.stop()
})

test('a server that never answers does not hold the first round longer than it may last', async t => {
  const never = new Promise<Outcome>(() => {})
  const { loop, outcomes } = loopOf({
    run: probe => (probe.address === '10.0.1.1' ? never : Promise.resolve(OK)),
  })
  loop.start()
  await loop.firstRound(20)
  t.deepEqual(outcomes, ['yes'])
  loop.stop()
})

test('a server under maintenance is not asked', async t => {
  const { loop, outcomes, asked } = loopOf({ isMaintained: true })
  loop.start()
  await loop.firstRound(60_000)
  t.deepEqual(asked, [])
  t.deepEqual(outcomes, ['maintenance', 'maintenance'])
  loop.stop()
})

test('checktype=on is up in the first round without asking anybody', async t => {
  const { loop, outcomes, asked } = loopOf({ over: { checktype: 'on' } })
  loop.start()
  await loop.firstRound(60_000)
  t.deepEqual(asked, [])
  t.is(outcomes.length, 2)
  loop.stop()
})

test('a stopped loop aborts its checks and hands no outcome on', async t => {
  let aborted = 0
  const { loop, outcomes } = loopOf({
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
  await loop.firstRound(60_000)
  t.is(aborted, 2)
  t.deepEqual(outcomes, [])
})
