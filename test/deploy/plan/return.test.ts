/** What decides how a host comes back: the check that is fresh enough, and the steps of its weight. */
import test from 'ava'
import fc from 'fast-check'
import { climb } from '../../../src/deploy/plan/climb.js'
import { freshCheck } from '../../../src/deploy/plan/fresh-check.js'

const REALS = ['10.0.0.1:80']
const status = (over: { role?: string; checktype?: string; method?: string; last?: unknown }): string =>
  JSON.stringify({
    role: over.role ?? 'active',
    virtuals: [
      {
        id: 'tcp:10.0.0.9:80',
        checktype: over.checktype ?? 'negotiate',
        reals: [
          {
            server: '10.0.0.1:80',
            method: over.method ?? 'masq',
            last: over.last === undefined ? { passed: true, detail: 'fine', agoMs: 900 } : over.last,
          },
          { server: '10.0.0.2:80', method: 'masq', last: { passed: false, detail: 'refused', agoMs: 1 } },
        ],
      },
    ],
  })

const rows: readonly (readonly [title: string, text: string, state: 'passed' | 'waiting' | 'silent'])[] = [
  ['a check that began after the switch and passed lets the host return', status({}), 'passed'],
  [
    'one that began before says nothing',
    status({ last: { passed: true, detail: 'fine', agoMs: 1_000 } }),
    'waiting',
  ],
  [
    'one that failed is waited for: the next may pass',
    status({ last: { passed: false, detail: '', agoMs: 1 } }),
    'waiting',
  ],
  ['no check at all is waited for', status({ last: null }), 'waiting'],
  ['a service that is never checked is not waited for', status({ checktype: 'on', last: null }), 'passed'],
  ['a standby decides nothing', status({ role: 'warm' }), 'silent'],
  ['another ldirectord decides nothing', 'ldirectord is running', 'silent'],
]
for (const [title, text, state] of rows) test(title, t => t.is(freshCheck(text, REALS, 1_000).state, state))

test('a director that does not list the host decides nothing about it', t => {
  t.is(freshCheck(status({}), ['10.0.0.7:80'], 1_000).state, 'silent')
})

test('a weight climbs from 1, never reaches what the file says before the end, and takes the time it was given', t => {
  t.deepEqual(climb(4, 30), [
    { weight: 1, seconds: 10 },
    { weight: 2, seconds: 10 },
    { weight: 3, seconds: 10 },
  ])
  t.deepEqual(climb(1, 30), [])
  t.deepEqual(climb(100, 0), [])
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 65_535 }), fc.integer({ min: 1, max: 3_600 }), (top, seconds) => {
      const steps = climb(top, seconds)
      const weights = steps.map(({ weight }) => weight)
      t.is(weights[0], 1)
      t.true(weights.every((weight, at) => weight < top && weight > (weights[at - 1] ?? 0)))
      t.true(Math.abs(steps.reduce((sum, step) => sum + step.seconds, 0) - seconds) < 1e-6)
      t.true(steps.length <= 10)
    }),
  )
})
