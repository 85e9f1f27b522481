import test from 'ava'
import { type ChildFacts, Lives, planChildren } from '../../../../src/heartbeat/resources/plan/children.js'

const facts: ChildFacts = {
  ownUid: 0,
  uidOf: user => ({ root: 0, hacluster: 103 })[user],
  gidOf: user => ({ root: 0, hacluster: 106 })[user],
  isExecutable: path => path === '/usr/libexec/heartbeat/ipfail' || path === '/bin/sleep',
  canPing: true,
}
const line = (user: string, command: string) => ({
  ...{ user, path: command.split(' ')[0]!, command },
  isFailfast: false,
})

test('a program runs as its user with its words', t => {
  const { children, warnings } = planChildren([line('root', '/bin/sleep  10 20')], facts)
  t.deepEqual(warnings, [])
  t.like(children[0], {
    path: '/bin/sleep',
    uid: 0,
    gid: 0,
    args: ['10', '20'],
    command: '/bin/sleep  10 20',
  })
})

test('ipfail is found where this distribution has it', t => {
  const { children } = planChildren([line('hacluster', '/usr/lib/heartbeat/ipfail')], facts)
  t.like(children[0], { path: '/usr/libexec/heartbeat/ipfail', uid: 103, gid: 106 })
})

test('where ipfail is not installed the daemon does its work, but not where it cannot ping', t => {
  const lines = [line('hacluster', '/usr/libexec/heartbeat/ipfail')]
  const nothing = { ...facts, isExecutable: () => false }
  t.like(planChildren(lines, nothing), { children: [], warnings: [], needsBuiltInIpfail: true })
  t.false(planChildren(lines, { ...nothing, canPing: false }).needsBuiltInIpfail)
})

test('ipfail is left out where it would see no ping node because this node cannot ping', t => {
  const lines = [line('hacluster', '/usr/libexec/heartbeat/ipfail'), line('root', '/bin/sleep 1')]
  const { children, warnings } = planChildren(lines, { ...facts, canPing: false })
  t.deepEqual(
    children.map(({ path }) => path),
    ['/bin/sleep'],
  )
  t.deepEqual(warnings, ['/usr/libexec/heartbeat/ipfail is not started: this node cannot ping'])
})

test('who is not root runs only his own programs', t => {
  const lines = [line('hacluster', '/bin/sleep 1'), line('root', '/bin/sleep 2')]
  const { children, warnings } = planChildren(lines, { ...facts, ownUid: 103 })
  t.is(children.length, 1)
  t.deepEqual(warnings, ['/bin/sleep 2 is not started: only root can run it as root'])
})

// Measured on heartbeat 3.0.6 with /bin/false: eleven starts, then "respawning too fast".
test('the eleventh short life in a row is the last', t => {
  const lives = new Lives()
  for (let life = 1; life <= 10; life++) t.is(lives.ended(1, 10), 'again', `life ${life}`)
  t.is(lives.ended(1, 10), 'tooFast')
})

test('a life of thirty seconds forgets the short ones, and 100 ends them all', t => {
  const lives = new Lives()
  for (let life = 1; life <= 10; life++) lives.ended(null, 10)
  t.is(lives.ended(0, 30_000), 'again')
  t.is(lives.ended(0, 10), 'again')
  t.is(lives.ended(100, 10), 'leave')
})
