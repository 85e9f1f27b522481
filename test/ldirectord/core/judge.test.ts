import test from 'ava'
import fc from 'fast-check'
import {
  type Health,
  type History,
  judge,
  NO_HISTORY,
  type Rules,
  remember,
} from '../../../src/ldirectord/core/judge.js'

const rules = (over: Partial<Rules> = {}): Rules => ({
  failurecount: 1,
  recoverycount: 1,
  checkwindow: null,
  flapbackoff: null,
  ...over,
})

/** The health after each outcome, one a second: `P` passed, `-` failed. */
function play(outcomes: string, used: Rules, from: Health = 'up'): string {
  const history: History = { ...NO_HISTORY, window: [] }
  let health = from
  let sinceMs = -1_000_000
  return [...outcomes]
    .map((outcome, second) => {
      const nowMs = second * 1_000
      const { kind } = judge(history, health, outcome === 'P', used, nowMs)
      if ((kind === 'up' || kind === 'down') && kind !== health) {
        remember(history, health, kind, nowMs - sinceMs, used, nowMs)
        health = kind
        sinceMs = nowMs
      }
      return health === 'up' ? 'U' : 'd'
    })
    .join('')
}

test('recoverycount=3 wants three successes in a row of a server that was down', t => {
  t.is(play('-PP-PPPP', rules({ recoverycount: 3 })), 'ddddddUU')
})

test('a server that was never checked comes up with its first success whatever recoverycount says', t => {
  t.is(play('P', rules({ recoverycount: 5 }), 'unknown'), 'U')
})

// The published sequence for "10 checks, 7 passed": P is passed, six of the ten.
test('checkwindow=7/10: OK OK - OK - OK - OK OK - is down after the tenth check', t => {
  t.is(play('PP-P-P-PP-', rules({ checkwindow: { passes: 7, size: 10 } })), 'UUUUUUUUUd')
})

test('checkwindow=7/10: with one more success in the ten it stays up', t => {
  t.is(play('PPPP-P-PP-', rules({ checkwindow: { passes: 7, size: 10 } })), 'UUUUUUUUUU')
})

test('checkwindow=7/10: a dead server is back when seven of its last ten checks have passed', t => {
  t.is(play('----PPPPPPPP', rules({ checkwindow: { passes: 7, size: 10 } })), 'UUUddddddd' + 'UU')
})

test('a window replaces failurecount and recoverycount', t => {
  const used = rules({ failurecount: 1, recoverycount: 9, checkwindow: { passes: 1, size: 3 } })
  t.is(play('--PP', used), 'UUUU')
})

test('flapbackoff=4/60: the pause starts with the second failure and doubles', t => {
  // Down at 0 (not flapping), up at 1; down at 2: out until 6; down at 7: out until 15.
  t.is(play('-P-PPPP-PPPPPPPPP', rules({ flapbackoff: { first: 4, longest: 60 } })), 'dUddddUddddddddUU')
})

test('a server that stayed up for the longest pause counts as calm again', t => {
  const used = rules({ flapbackoff: { first: 2, longest: 5 } })
  t.is(play('-P-PPPPPPP-P', used), 'dUddUUUUUUdU')
})

const anyRules = fc.record({
  failurecount: fc.integer({ min: 1, max: 5 }),
  recoverycount: fc.integer({ min: 1, max: 5 }),
  checkwindow: fc.option(
    fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(8))
      .map(([passes, more]) => ({ passes, size: passes + more })),
  ),
  flapbackoff: fc.option(fc.constant({ first: 1, longest: 20 })),
})
const outcomes = (letters: string, length: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength: length }).map(list => list.join(''))

test('whatever the rules and the past, a server that always passes comes up and one that never does goes down', t => {
  fc.assert(
    fc.property(anyRules, outcomes('P-', 60), (used, past) => {
      // 16 failures in the window, at most 20 s of pause.
      t.is(play(past + 'P'.repeat(40), used).at(-1), 'U')
      t.is(play(past + '-'.repeat(20), used).at(-1), 'd')
    }),
  )
})

test('with nothing set only failures in a row matter, as in the original', t => {
  fc.assert(
    fc.property(outcomes('P-', 60), fc.integer({ min: 1, max: 4 }), (text, failurecount) => {
      let inRow = 0
      let isUp = true
      const expected = [...text].map(outcome => {
        inRow = outcome === 'P' ? 0 : inRow + 1
        isUp = outcome === 'P' || (isUp && inRow < failurecount)
        return isUp ? 'U' : 'd'
      })
      t.is(play(text, rules({ failurecount })), expected.join(''))
    }),
  )
})
