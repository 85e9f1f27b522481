import test from 'ava'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { planLines, waitingLines } from '../../../src/ldirectord/core/plan.js'
import { EMPTY_TABLE } from '../../../src/ldirectord/core/table.js'
import { config, real, virtual } from '../sample-config.js'

const all = () => true
const none = () => false
const BEFORE = config([virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:80')])])
const OWNED = new Set(['tcp:10.0.0.1:80', 'tcp:10.0.0.2:80'])

test('a file that is in force already changes nothing', t => {
  t.deepEqual(planLines(BEFORE, desiredTable(BEFORE, all), all, none, OWNED), [])
})

test('each change is a sentence with what was and what will be, in the order in which it is done', t => {
  const after = config([
    virtual('10.0.0.1:80', [real('10.0.1.1:80', { weight: 5 }), real('10.0.1.3:80')], { persistent: 60 }),
    virtual('10.0.0.3:80', []),
  ])
  const current = {
    services: [
      ...desiredTable(BEFORE, all).services,
      ...desiredTable(config([virtual('10.0.0.2:80', [])]), all).services,
    ],
  }
  t.deepEqual(planLines(after, current, all, none, OWNED), [
    'change virtual server 10.0.0.1:80 (wrr -> wrr persistent 60)',
    'change 10.0.1.1:80 in 10.0.0.1:80 (gate weight 1 -> gate weight 5)',
    'add 10.0.1.3:80 to 10.0.0.1:80 (gate weight 1)',
    'delete 10.0.1.2:80 from 10.0.0.1:80',
    'add virtual server 10.0.0.3:80 (wrr)',
    'delete virtual server 10.0.0.2:80',
  ])
})

test('at a fresh start servers wait for their check, except those that are drained', t => {
  const isDrained = (_: number, index: number) => index === 1
  t.deepEqual(planLines(BEFORE, EMPTY_TABLE, none, isDrained, OWNED), [
    'add virtual server 10.0.0.1:80 (wrr)',
    'add 10.0.1.1:80 to 10.0.0.1:80 (gate weight 0)',
    'add 10.0.1.2:80 to 10.0.0.1:80 (gate weight 0)',
  ])
  t.deepEqual(waitingLines(BEFORE, none, isDrained), [
    'real server 10.0.1.1:80 in 10.0.0.1:80 gets weight 1 when its check passes',
  ])
})
