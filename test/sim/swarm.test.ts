import test from 'ava'
import { BARE, profileOf, Simulation } from './simulation.js'
import { swarm } from './swarm.js'
import { Violation, World } from './world.js'

// 250 runs of seven virtual minutes each; `npm run swarm` takes longer. In parts, so that a failure names its part.
for (let first = 1; first <= 250; first += 50)
  test(`seeds ${first} to ${first + 49}: what must always hold holds, and the nodes settle after healing`, t => {
    t.notThrows(() => swarm(first, 50))
  })

// Seeds that found something once.
const found = [451, 2662, 3766, 4092]
test('seeds that once failed hold', t => {
  for (const seed of found) t.notThrows(() => new Simulation({ ...profileOf(seed), ...BARE }).run())
})

test('each rule for a disturbed pair is put to the test', t => {
  const checks = Array.from({ length: 80 }, (_, at) => {
    const run = new Simulation(profileOf(1000 + at))
    run.run()
    return run
  })
  t.true(checks.some(({ wakesChecked }) => wakesChecked > 0))
  t.true(checks.some(({ healsChecked }) => healsChecked > 0))
  t.true(checks.some(({ takeoversChecked }) => takeoversChecked > 0))
  t.true(checks.some(({ lossesChecked }) => lossesChecked > 0))
})

test('the same seed gives the same run', t => {
  const trace = (): string[] => {
    const run = new Simulation(profileOf(17))
    run.run()
    return run.trace
  }
  t.deepEqual(trace(), trace())
})

test('the simulator notices two owners', t => {
  const run = new Simulation({ ...profileOf(1), ...BARE, seed: 5, isGentle: true, faults: 0, loss: 0 })
  run.sabotage(world => {
    for (const node of world.nodes.values()) node.machine.running.add('group0')
  })
  const error = t.throws(() => run.run(), { instanceOf: Violation })
  t.regex(error.message, /^seed 5: .*group0 runs on alpha and beta/)
  t.regex(error.message, /"autoFailback"/)
})

test('a world without nodes to hear is quiet', t => {
  const world = new World(
    {
      seed: 1,
      nodes: ['alpha'],
      groups: [{ node: 'alpha', key: 'web' }],
      autoFailback: 'on',
      keepaliveMs: 1000,
      deadtimeMs: 3000,
      warntimeMs: 2000,
      initdeadMs: 10_000,
      links: ['eth0'],
      weather: { loss: 0, duplication: 0, delayMinMs: 1, delayMaxMs: 1 },
      actionMs: () => 5,
    },
    () => {},
  )
  world.start('alpha')
  world.timeline.run(1000)
  t.deepEqual(world.owners('web'), ['alpha'], 'a cluster of one node starts its groups at once')
})
