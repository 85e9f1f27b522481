import test from 'ava'
import fc from 'fast-check'
import { decisionLine, stateRecord, stateText } from '../../../src/heartbeat/api/state-print.js'
import { viewOf } from '../../../src/heartbeat/api/view-of-status.js'
import type { ClusterStatus } from '../../../src/heartbeat/core/contract.js'
import { World } from '../../sim/world.js'

/** What a core of the simulator says of itself after the peer has died. */
function statusAfterDeath(): ClusterStatus {
  const world = new World(
    {
      seed: 1,
      nodes: ['alpha', 'beta'],
      groups: [
        { node: 'alpha', key: 'web' },
        { node: 'beta', key: 'db' },
      ],
      autoFailback: 'on',
      keepaliveMs: 1000,
      deadtimeMs: 3000,
      warntimeMs: 2000,
      initdeadMs: 10_000,
      links: ['eth1'],
      weather: { loss: 0, duplication: 0, delayMinMs: 1, delayMaxMs: 1 },
      actionMs: () => 20,
    },
    () => {},
  )
  world.start('alpha')
  world.start('beta')
  world.timeline.run(15_000)
  world.crash('beta')
  world.node('alpha').startFailures = 1
  world.timeline.run(25_000)
  return world.node('alpha').cluster!.status()
}

const EPOCH = Date.UTC(2026, 0, 1)
const record = stateRecord(statusAfterDeath(), atMs => EPOCH + atMs)

test('the text names nodes, links, who holds each group, what failed, and each decision with its reason', t => {
  const text = stateText(record)
  t.regex(text, /^alpha: active, generation 1001$/m)
  t.regex(text, /^beta +normal +dead +\d+ ms +3000 ms +eth1 dead$/m)
  t.regex(text, /^ +web +of alpha +held by alpha$/m)
  t.regex(text, /^ +db +of beta +held by alpha, FAILED here \(start\)$/m)
  t.regex(text, /2026-01-01T00:00:1[89]\.\d{3}Z {2}beta: active -> dead \(silent for 3\d\d\d ms\)/)
})

test('the node that is asked tells no state of links to itself, which it does not use', t => {
  t.regex(stateText(record), /^alpha +normal +active +0 ms +3000 ms +-$/m)
  t.deepEqual(record.nodes.find(({ name }) => name === 'alpha')?.links, [])
})

test('clients can ask which groups have failed here, and have no answer where none has', t => {
  const settings = {
    ...{ keepaliveMs: 1000, deadtimeMs: 3000, version: 'x', logfacility: -1 },
    ...{ parameters: new Map([['debug', '0']]), managesResources: true, pingsAhead: [] },
  }
  const status = statusAfterDeath()
  t.is(viewOf(status, settings).parameters.get('failed_groups'), 'db (start)')
  const well = { ...status, resources: { ...status.resources, failed: [] } }
  t.deepEqual([...viewOf(well, settings).parameters], [['debug', '0']])
})

test('the record survives JSON whole: the text of what was read is the text of what was written', t => {
  t.is(stateText(JSON.parse(JSON.stringify(record))), stateText(record))
  t.is(record.nodes[1]?.uuid, '02020202-0202-0202-0202-020202020202')
})

test('whatever a peer calls itself or its groups, a print is printable and a decision stays one line', t => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), name => {
      const nodes = record.nodes.map(node => ({ ...node, name }))
      t.notRegex(stateText({ ...record, nodes }), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
      t.notRegex(decisionLine({ at: '', node: name, what: name, because: name }), /[\x00-\x1f\x7f-\x9f]/)
    }),
  )
})
