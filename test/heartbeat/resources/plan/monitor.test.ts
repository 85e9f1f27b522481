import test from 'ava'
import type { Plan } from '../../../../src/heartbeat/resources/plan/group.js'
import {
  FORGIVEN_AFTER_MS,
  keepsAddress,
  mendGroup,
  putBack,
  Restarts,
} from '../../../../src/heartbeat/resources/plan/monitor.js'
import type { ResourceGroup } from '../../../../src/heartbeat/resources/plan/resource.js'

const group: ResourceGroup = {
  node: 'alpha',
  resources: ['a', 'b', 'c'].map(name => ({ text: name, script: name, args: [] })),
}
const [a, b] = group.resources
const retries = { max: 1, everyMs: 10 }

/** Calls such as `b stop`; those in `fails` fail, `status` says running for those in `running`. */
function play(plan: Plan, fails: readonly string[] = [], running: readonly string[] = []) {
  const calls: string[] = []
  let next = plan.next(undefined)
  while (!next.done) {
    const step = next.value
    if (step.kind === 'locate') next = plan.next({ path: '/x', exitCode: null, output: '' })
    else if (step.kind === 'call') {
      const call = `${step.resource.text} ${step.action}`
      calls.push(call)
      const output = running.includes(step.resource.text) ? 'running' : 'stopped'
      next = plan.next({ path: '/x', exitCode: fails.includes(call) ? 1 : 0, output })
    } else next = plan.next(undefined)
  }
  return { calls, isWell: next.value }
}

const mend = (restart: number | null) => mendGroup({ group, at: 1, why: 'silent', restart, retries })

test('a resource that failed is restarted with those behind it, and those before it are left alone', t => {
  t.deepEqual(play(mend(1)), { calls: ['c stop', 'b stop', 'b start', 'c start'], isWell: true })
})

test('a restart whose stop or start fails gives the group up', t => {
  t.false(play(mend(1), ['b start']).isWell)
  t.deepEqual(play(mend(1), ['b start']).calls.at(-1), 'b start')
  t.false(play(mend(1), ['c stop'], ['c']).isWell)
})

test('beyond its restarts nothing is called any more', t => {
  t.deepEqual(play(mend(null)), { calls: [], isWell: false })
})

test('as many restarts as allowed within ten minutes, each resource for itself, then none', t => {
  const restarts = new Restarts(2)
  if (!a || !b) return t.fail()
  t.deepEqual([restarts.next(a, 0), restarts.next(a, 1000), restarts.next(b, 1000)], [1, 2, 1])
  t.is(restarts.next(a, FORGIVEN_AFTER_MS - 1), null)
  t.is(new Restarts(0).next(a, 0), null)
})

test('failures of more than ten minutes ago do not count, and a group that was given up begins anew', t => {
  const restarts = new Restarts(1)
  if (!a) return t.fail()
  t.is(restarts.next(a, 0), 1)
  t.is(restarts.next(a, FORGIVEN_AFTER_MS), 1)
  t.is(restarts.next(a, FORGIVEN_AFTER_MS + 1), null)
  t.is(restarts.next(a, FORGIVEN_AFTER_MS + 2), 1)
})

test('an address that is still set is not set again; one that was taken away is', t => {
  if (!a) return t.fail()
  t.deepEqual(play(putBack(a), [], ['a']), { calls: ['a status'], isWell: true })
  t.deepEqual(play(putBack(a)), { calls: ['a status', 'a start'], isWell: true })
  t.false(play(putBack(a), ['a start']).isWell)
})

test('an address in use is kept when it was taken from a dead node, else given back, if not told otherwise', t => {
  t.true(keepsAddress('auto', true))
  t.false(keepsAddress('auto', false))
  for (const isFromDeadNode of [true, false]) {
    t.true(keepsAddress('keep', isFromDeadNode))
    t.false(keepsAddress('yield', isFromDeadNode))
  }
})
