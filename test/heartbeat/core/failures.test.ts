// Two production cores under a virtual clock: what a failed group does to its class, and what of it stays to be seen.
import test from 'ava'
import type { Effect } from '../../../src/heartbeat/core/cluster.js'
import { type SimNode, World } from '../../sim/world.js'

class Stage {
  readonly logged: string[] = []
  readonly rebooted: string[] = []
  readonly world = new World(
    {
      seed: 1,
      nodes: ['alpha', 'beta'],
      groups: [
        { node: 'alpha', key: 'web' },
        { node: 'beta', key: 'db' },
      ],
      ...{ autoFailback: 'off', keepaliveMs: 1000, deadtimeMs: 3000, warntimeMs: 2000, initdeadMs: 10_000 },
      links: ['eth1'],
      weather: { loss: 0, duplication: 0, delayMinMs: 0.5, delayMaxMs: 0.5 },
      actionMs: () => 20,
    },
    (node, effect) => this.#observe(node, effect),
  )

  run(seconds: number): void {
    this.world.timeline.run(this.world.timeline.nowMs + seconds * 1000)
  }

  start(...nodes: string[]): this {
    for (const node of nodes) this.world.start(node)
    this.run(20)
    return this
  }

  /** As the runner does: the group is stopped, then reported. */
  lose(node: string, key: string): void {
    this.world.node(node).machine.running.delete(key)
    this.world.step(node, { kind: 'groupLost', group: { node: 'alpha', key }, why: 'svc::a: silent' })
  }

  runsOn(node: string): readonly string[] {
    return [...this.world.node(node).machine.running].sort()
  }

  failed(node: string): readonly string[] {
    const failed = this.world.node(node).cluster?.status().resources.failed ?? []
    return failed.map(({ key, what }) => `${what} of ${key}`)
  }

  #observe(node: SimNode, effect: Effect | { kind: 'action'; what: string; key: string }): void {
    if (effect.kind === 'log' && effect.level !== 'info') this.logged.push(`${node.name}: ${effect.text}`)
    if (effect.kind === 'reboot') this.rebooted.push(node.name)
  }
}

test('a group that failed while it ran goes to the peer at once, and is shown as failed until it starts here well', t => {
  const stage = new Stage().start('alpha', 'beta')
  t.deepEqual([stage.runsOn('alpha'), stage.runsOn('beta')], [['web'], ['db']])
  stage.lose('alpha', 'web')
  stage.run(1)
  t.deepEqual([stage.runsOn('alpha'), stage.runsOn('beta')], [[], ['db', 'web']])
  t.deepEqual(stage.failed('alpha'), ['run of web'])
  t.deepEqual(stage.failed('beta'), [])
  t.true(
    stage.logged.includes('alpha: Resource group web of alpha has failed and was stopped: svc::a: silent.'),
  )
  stage.run(3600)
  t.deepEqual(stage.failed('alpha'), ['run of web'], 'an hour later still')
  stage.world.takeover('alpha', 'local')
  stage.run(2)
  t.deepEqual([stage.runsOn('alpha'), stage.failed('alpha')], [['web'], []])
})

test('with nobody to take it a group that failed is started here again after 30 s, at most ten times', t => {
  const stage = new Stage().start('alpha')
  stage.lose('alpha', 'web')
  stage.run(29)
  t.deepEqual(stage.runsOn('alpha'), ['db'])
  stage.world.node('alpha').startFailures = 10
  stage.run(400)
  t.is(stage.world.node('alpha').startFailures, 0)
  t.deepEqual(stage.failed('alpha'), ['start of web'])
  stage.run(200)
  t.deepEqual(stage.runsOn('alpha'), ['db'], 'no eleventh try')
})

test('a group that is on its way to the peer is not handed over once more', t => {
  const stage = new Stage().start('alpha', 'beta')
  stage.world.standby('alpha', 'local')
  stage.lose('alpha', 'web')
  stage.run(60)
  t.deepEqual(stage.runsOn('beta'), ['db', 'web'])
  t.false(stage.logged.some(line => line.includes('Handing local')))
})

test('a failed stop keeps the peer from starting until it has worked, and is then forgotten', t => {
  const stage = new Stage().start('alpha', 'beta')
  stage.world.node('alpha').stopFailures = 2
  stage.world.standby('alpha', 'local')
  stage.run(15)
  t.deepEqual([stage.runsOn('alpha'), stage.runsOn('beta')], [['web'], ['db']])
  t.deepEqual(stage.failed('alpha'), ['stop of web'])
  stage.run(15)
  t.deepEqual([stage.runsOn('alpha'), stage.runsOn('beta')], [[], ['db', 'web']])
  t.deepEqual([stage.failed('alpha'), stage.rebooted], [[], []])
})

test('what fails on both nodes is passed on at once only so often, and ends somewhere', t => {
  const stage = new Stage().start('alpha', 'beta')
  const starts = (node: string) => stage.world.node(node).startFailures
  for (const node of ['alpha', 'beta']) stage.world.node(node).startFailures = 1000
  stage.lose('alpha', 'web')
  stage.run(20)
  const soon = 2000 - starts('alpha') - starts('beta')
  t.true(soon <= 5, `${soon} starts within 20 s`)
  stage.run(3600)
  t.true(2000 - starts('alpha') - starts('beta') < 60, 'an hour of it')
  for (const node of ['alpha', 'beta']) stage.world.node(node).startFailures = 0
  stage.world.takeover('alpha', 'local')
  stage.world.takeover('beta', 'foreign')
  stage.run(60)
  t.deepEqual([...stage.runsOn('alpha'), ...stage.runsOn('beta')].sort(), ['db', 'web'])
})
