import test from 'ava'
import type { ResourceJob } from '../../../../src/heartbeat/core/cluster.js'
import { planJob } from '../../../../src/heartbeat/resources/plan/jobs.js'
import { groupText, type ResourceGroup } from '../../../../src/heartbeat/resources/plan/resource.js'

const group = (node: string, ...texts: string[]): ResourceGroup => ({
  node,
  resources: texts.map(text => ({ text, script: text, args: [] })),
})
const groups = [group('alpha', 'web', 'mail'), group('beta', 'db'), group('alpha', 'nfs')]

const job = (what: ResourceJob['what'], more: Partial<ResourceJob> = {}): ResourceJob => ({
  job: 1,
  what,
  resourceClass: 'all',
  node: 'alpha',
  why: 'test',
  ...more,
})

const planned = (wanted: ResourceJob, us: string, held: ResourceGroup[] = []): string[] =>
  planJob(wanted, us, groups, held, false).steps.map(step => `${step.action} ${groupText(step.group)}`)

test('classes are those of this node: local groups begin with our name', t => {
  t.deepEqual(planned(job('takeLocal'), 'alpha'), ['take alpha web mail', 'take alpha nfs'])
  t.deepEqual(planned(job('give', { resourceClass: 'local' }), 'beta'), ['give beta db'])
  t.deepEqual(planned(job('give', { resourceClass: 'foreign' }), 'beta'), [
    'give alpha web mail',
    'give alpha nfs',
  ])
  t.deepEqual(planned(job('take', { resourceClass: 'all' }), 'beta').length, 3)
  t.deepEqual(planned(job('give', { resourceClass: 'none' }), 'beta'), [])
})

test('what a dead node held is taken line by line, each announced as mach_down does', t => {
  const plan = planJob(job('takeFrom', { node: 'alpha' }), 'beta', groups, [], false)
  t.deepEqual(
    plan.steps.map(step => step.before),
    ['Taking over resource group web', 'Taking over resource group nfs'],
  )
  const complete = 'mach_down takeover complete for node alpha.'
  t.deepEqual(plan.end, [
    '/usr/share/heartbeat/mach_down: nice_failback: foreign resources acquired',
    complete,
  ])
  t.deepEqual(planJob(job('takeFrom', { node: 'alpha' }), 'beta', groups, [], true).end, [complete])
})

test('a graceful stop gives every group of haresources, also those never held, in file order', t => {
  t.deepEqual(planned(job('giveAll'), 'alpha'), ['give alpha web mail', 'give beta db', 'give alpha nfs'])
})

test('a group that is held although haresources does not name it any more is given away too', t => {
  const gone = group('alpha', 'old')
  t.true(planned(job('giveAll'), 'alpha', [gone]).includes('give alpha old'))
  t.true(planned(job('give', { resourceClass: 'local' }), 'alpha', [gone]).includes('give alpha old'))
  t.false(planned(job('give', { resourceClass: 'foreign' }), 'alpha', [gone]).includes('give alpha old'))
})

test('one group is chosen by its first resource', t => {
  t.deepEqual(planned(job('takeGroup', { key: 'db' }), 'alpha'), ['take beta db'])
  t.deepEqual(planned(job('giveGroup', { key: 'web' }), 'beta'), ['give alpha web mail'])
  t.deepEqual(planned(job('giveGroup', { key: 'none' }), 'beta'), [])
})
