import test from 'ava'
import { createPrng } from '../../src/base/prng.js'
import { Cluster } from '../../src/heartbeat/core/cluster.js'
import { Daemon } from '../../src/heartbeat/daemon.js'
import { zlibCodec } from '../../src/heartbeat/io/zlib-codec.js'
import { Message } from '../../src/heartbeat/wire/message.js'
import { keyRing } from '../../src/heartbeat/wire/signature.js'

const alone = (): Cluster =>
  new Cluster({
    ...{ us: 'alpha', nodes: ['alpha'], pingNodes: [], uuid: new Uint8Array(16), generation: 1, hopfudge: 1 },
    ...{ keepaliveMs: 1000, deadtimeMs: 3000, warntimeMs: 2000, initdeadMs: 5000, deadpingMs: 3000 },
    ...{ autoFailback: 'off', maxRexmitDelayMs: 250, links: [], groups: [{ node: 'alpha', key: 'x' }] },
    ...{ manageResources: true, heldAtStart: 'none', random: createPrng(1), pid: 1 },
    ...{ wallSeconds: () => 1, loadAverage: () => 'n/a' },
  })

test('a queue full of packets loses neither the end of a job nor the stop, and says once what it drops', async t => {
  const lines: string[] = []
  const keys = keyRing(1, [{ number: 1, method: 'sha1', key: Buffer.from('x') }])!
  const packet = (): void => {
    for (let count = 0; count < 5_000; count++)
      daemon.post({
        kind: 'received',
        link: 'eth0',
        message: Message.of(['t', 'x'], ['src', 'beta'], ['ts', '1']),
      })
  }
  let hasStopped: () => void = () => {}
  const stopped = new Promise<void>(resolve => {
    hasStopped = resolve
  })
  let jobs = 0
  const nothing = (): void => {}
  const daemon = new Daemon(keys, {
    ...{ cluster: alone(), us: 'alpha', format: 'classic', logsBadPackets: true },
    compression: { codec: zlibCodec, isTraditional: false, thresholdBytes: 2048 },
    view: {
      ...{ keepaliveMs: 1, deadtimeMs: 1, version: '', logfacility: 0, parameters: new Map() },
      ...{ managesResources: true, pingsAhead: [] },
    },
    say: (_level, text) => lines.push(text),
    openApi: () => Promise.resolve(null),
    runJob: ({ job }) => {
      jobs++
      packet()
      daemon.post({ kind: 'jobEnded', job, failed: [] })
    },
    ...{ announce: nothing, reboot: nothing, reset: nothing, onBeat: nothing, onRestart: nothing },
    random: createPrng(1),
    ...{ keepDeletedNodes: nothing, keepGeneration: nothing, onDecision: nothing, onDelivered: nothing },
    ...{ onApiOpened: nothing, onLeaving: nothing, onStopped: () => hasStopped() },
  })
  t.teardown(() => daemon.close())
  daemon.start()
  packet()
  daemon.post({ kind: 'stop' })
  await stopped
  t.true(jobs > 0)
  t.is(lines.filter(line => line === 'too many events wait: received dropped').length, 1)
  t.is(lines.filter(line => /too many/.test(line)).length, 1)
})
