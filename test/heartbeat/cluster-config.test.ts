import test from 'ava'
import { createPrng } from '../../src/base/prng.js'
import { clusterConfig } from '../../src/heartbeat/cluster-config.js'
import { parseHaCf } from '../../src/heartbeat/config/ha-cf.js'
import { Cluster } from '../../src/heartbeat/core/cluster.js'

const haCf = parseHaCf('node alpha\nnode beta\nudpport 694\nbcast eth1\nauto_failback on\n', {
  file: 'ha.cf',
  us: 'alpha',
}).value

test('the line of a graceful stop names the process, as the original does', t => {
  const cluster = new Cluster(
    clusterConfig(haCf, [], {
      us: 'alpha',
      pid: 4711,
      uuid: new Uint8Array(16).fill(1),
      generation: 1,
      links: ['eth1'],
      pingNodes: [],
      manageResources: true,
      heldAtStart: 'none',
      random: createPrng(1),
      wallSeconds: () => 1_700_000_000,
      loadAverage: () => 'n/a',
    }),
  )
  cluster.start(0)
  const texts = cluster
    .step({ kind: 'stop' }, 10)
    .flatMap(effect => (effect.kind === 'log' ? [effect.text] : []))
  t.true(texts.includes('Heartbeat shutdown in progress. (4711)'), texts.join('\n'))
})
