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
  await loop.firstRound({ quietMs: 60_000, latestMs: 60_000 })
  t.deepEqual(outcomes, ['yes', 'yes'])
  loop.stop()
})

test('a server that never answers does not hold the first round longer than it may last', async t => {
  const never = new Promise<Outcome>(() => {})
  const { loop, outcomes } = loopOf({
    run: probe => (probe.address === '10.0.1.1' ? never : Promise.resolve(OK)),
  })
  loop.start()
  await loop.firstRound({ quietMs: 20, latestMs: 20 })
  t.deepEqual(outcomes, ['yes'])
  loop.stop()
})

test('a server under maintenance is not asked', async t => {
  const { loop, outcomes, asked } = loopOf({ isMaintained: true })
  loop.start()
  await loop.firstRound({ quietMs: 60_000, latestMs: 60_000 })
  t.deepEqual(asked, [])
  t.deepEqual(outcomes, ['maintenance', 'maintenance'])
  loop.stop()
})

test('checktype=on is up in the first round without asking anybody', async t => {
  const { loop, outcomes, asked } = loopOf({ over: { checktype: 'on' } })
  loop.start()
  await loop.firstRound({ quietMs: 60_000, latestMs: 60_000 })
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
  await loop.firstRound({ quietMs: 60_000, latestMs: 60_000 })
  t.is(aborted, 2)
  t.deepEqual(outcomes, [])
})

test('after a reload what was answered is known, and only what is new is asked', async t => {
  const asked: string[] = []
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
      run: async probe => {
        asked.push(probe.address)
        return outcome(probe)
      },
      isMaintained: () => false,
      onOutcome: () => {},
    })
  const old = open(['10.0.1.1', '10.0.1.2'], null)
  old.start()
  await old.firstRound({ quietMs: 60_000, latestMs: 60_000 })
  old.stop()
  asked.length = 0
  const fresh = open(['10.0.1.3', '10.0.1.2', '10.0.1.1'], old)
  fresh.start()
  await fresh.firstRound({ quietMs: 60_000, latestMs: 60_000 })
  t.deepEqual(asked, ['10.0.1.3'])
  const known = plannedChecks(config([virtual('10.0.0.1:80', [real('10.0.1.2:80')])]))[0]!
  t.is(fresh.answered(known.id)?.outcome.code, 'L4CON')
  fresh.stop()
})

test('the first round waits longer than its quiet time while answers keep coming', async t => {
  const outcomes: string[] = []
  const addresses = Array.from({ length: 8 }, (_, index) => `10.0.1.${index + 1}`)
  const loop = new CheckLoop({
    checks: plannedChecks(
      config([
        virtual(
          '10.0.0.1:80',
          addresses.map(address => real(`${address}:80`)),
        ),
      ]),
    ),
    run: async probe => {
      await new Promise(resolve => setTimeout(resolve, 40 * Number(probe.address.split('.')[3])))
      return OK
    },
    isMaintained: () => false,
    onOutcome: check => outcomes.push(check.probe.address),
  })
  loop.start()
  await loop.firstRound({ quietMs: 200, latestMs: 60_000 })
  t.deepEqual(outcomes, addresses)
  loop.stop()
})

// Serial, because it keeps the process busy.
test.serial(
  'a first round is not over while servers are still being asked, however long no answer comes',
  async t => {
    const servers = Array.from({ length: 600 }, (_, index) => real(`10.0.${index >> 8}.${index & 255}:80`))
    let answered = 0
    let allAsked: () => void = () => {}
    const answers = new Promise<Outcome>(resolve => {
      allAsked = () => resolve(OK)
    })
    const loop = new CheckLoop({
      checks: plannedChecks(config([virtual('10.0.0.1:80', servers)])),
      // A machine that needs long to ask, so that the first answer comes after the quiet time.
      run: probe => {
        for (const endMs = performance.now() + 0.5; performance.now() < endMs; );
        const [, , third, fourth] = probe.address.split('.').map(Number)
        const isLast = third! * 256 + fourth! === servers.length - 1
        if (isLast) allAsked()
        return answers
      },
      isMaintained: () => false,
      onOutcome: () => answered++,
    })
    loop.start()
    await loop.firstRound({ quietMs: 60, latestMs: 60_000 })
    t.is(answered, servers.length)
    loop.stop()
  },
)
