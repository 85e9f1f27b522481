/** Lines around resources, in the situations in which two nodes of heartbeat 3.0.6 were heard to say them. */
import test from 'ava'
import { Cluster, type Effect } from '../../../src/heartbeat/core/cluster.js'
import { config, joined, logged, sent, statusOf, type Words, words } from './one-core.js'

const resource = (seq: number, held: string, stable: string | null, info?: string): Words =>
  words(seq, ['t', 'resource'], ['rsc_hold', held], ['rtype', 'full'], ...fields(stable, info))
const fields = (stable: string | null, info?: string): [string, string][] => [
  ...(stable === null ? [] : [['isstable', stable] as [string, string]]),
  ...(info === undefined ? [] : [['info', info] as [string, string]]),
]
const ask = (seq: number, held: string, info: string): Words =>
  words(seq, ['t', 'ask_resources'], ['rsc_hold', held], ['info', info])

/** Plays what was received, 10 ms apart, and lets every job succeed at once; what was said, in order. */
function play(cluster: Cluster, fromMs: number, ...received: readonly Words[]): string[] {
  const told: string[] = []
  let atMs = fromMs
  const note = (effects: readonly Effect[]): void => {
    told.push(...logged(effects))
    for (const effect of effects)
      if (effect.kind === 'run') note(cluster.step({ kind: 'jobEnded', job: effect.job, failed: [] }, ++atMs))
  }
  for (const event of received) {
    atMs += 10
    note(cluster.step(event, atMs))
  }
  return told
}

/** Communication is up; what ran here before, if anything, is stopped. */
function started(autoFailback: 'on' | 'off'): Cluster {
  const cluster = joined({ autoFailback })
  cluster.step({ kind: 'jobEnded', job: 1, failed: [] }, 30)
  return cluster
}

/** A stable cluster in which each node holds its own. */
function settled(): Cluster {
  const cluster = started('off')
  play(cluster, 100, words(3, ['t', 'starting']), resource(4, 'local', '1'))
  return cluster
}

test('a start beside a stable peer is complete when the peer is stable, or with its failback', t => {
  const off = play(started('off'), 100, resource(3, 'all', '1'))
  t.true(off.includes('info: Initial resource acquisition complete (T_RESOURCES(them))'))
  const on = started('on')
  const first = play(on, 100, resource(3, 'all', '1'))
  t.true(first.includes('info: Local Resource acquisition completed. (none)'))
  t.notRegex([...off, ...first].join('\n'), /local resource transition completed/)
  t.notRegex(first.join('\n'), /Initial resource acquisition complete/)
  const then = play(on, 1000, ask(4, 'foreign', 'me'), ask(5, 'foreign', 'done'))
  t.deepEqual(then.slice(-2), [
    'info: Standby resource acquisition done [foreign].',
    'info: Initial resource acquisition complete (auto_failback)',
  ])
})

test('who gave its resources away hears that the other is settled, before or after its done', t => {
  for (const order of [
    [5, 6],
    [6, 5],
  ] as const) {
    const cluster = settled()
    cluster.step({ kind: 'submitted', message: ask(0, 'local', 'me').message }, 5000)
    play(cluster, 5000, ask(5, 'local', 'other'))
    const [done, stable] = [ask(order[0] + 1, 'local', 'done'), resource(order[1] + 1, 'all', '1')]
    const told = play(cluster, 5100, ...(order[0] < order[1] ? [done, stable] : [stable, done]))
    t.is(told.filter(line => line === 'info: remote resource transition completed.').length, 1)
    t.true(told.includes('info: Other node completed standby takeover of local resources.'))
  }
})

test('who takes over from the dead says of its own resources that they are here', t => {
  const cluster = settled()
  play(cluster, 1000, statusOf(5) as Words)
  const told: string[] = []
  for (let at = 1500; at <= 5000; at += 500) told.push(...play(cluster, at, { kind: 'clock' } as never))
  const after = told.slice(told.indexOf('WARN: node beta: is dead'))
  t.true(after.includes('info: Resources being acquired from beta.'))
  t.true(after.includes('info: Local Resource acquisition completed.'))
})

test('the done with which heartbeat 3.0.6 answers a graceful stop is no error', t => {
  const cluster = settled()
  cluster.step({ kind: 'stop' }, 5000)
  t.deepEqual(
    play(cluster, 5010, ask(5, 'local', 'done')).filter(line => /ERROR|WARN/.test(line)),
    [],
  )
})

test('hb_takeover of the peer is answered by one request to stand by, in the class as the giver names it', t => {
  for (const [asked, given] of [
    ['all', 'all'],
    ['local', 'foreign'],
    ['foreign', 'local'],
    ['failback', 'all'],
  ] as const) {
    const cluster = settled()
    const effects = cluster.step(words(5, ['t', 'hb_takeover'], ['rsc_hold', asked]), 5000)
    const asks = sent(effects, 'ask_resources').map(message => message.text('rsc_hold'))
    t.deepEqual(asks, [given])
  }
})

test('who asks for the list of nodes has our status before it has the list', t => {
  const effects = settled().step(words(5, ['t', 'reqnodes'], ['dest', 'alpha']), 5000)
  const types = effects.flatMap(effect => (effect.kind === 'send' ? [effect.message.type] : []))
  const told = types.filter(type => type === 'status' || type === 'repnodes')
  t.deepEqual(told.slice(0, 2), ['status', 'repnodes'])
})

test('the key of an original is that of its newest packet, and of a Systole peer none is told', t => {
  const cluster = settled()
  const heard = (seq: number, signedWith: number): number | undefined => {
    cluster.step({ ...statusOf(seq), signedWith } as Words, 5000 + seq)
    return cluster.keyOfOriginal
  }
  t.is(heard(5, 1), 1)
  t.is(heard(7, 2), 2)
  t.is(heard(6, 1), 2, 'an older packet that comes late')
  t.is(heard(7, 1), 2, 'played again')
  t.is(heard(8, 1), 1)
  cluster.step(words(9, ['t', 'systole'], ['rsc_hold', 'local'], ['isstable', '1']), 6000)
  t.is(cluster.keyOfOriginal, undefined)
})

test('under legacy the start is complete when the groups were taken, or given by the peer', t => {
  const first = joined({ autoFailback: 'legacy' })
  const alone = play(first, 100, { kind: 'jobEnded', job: 1, failed: [] } as never)
  const asked = play(first, 200, words(3, ['t', 'ip-request-resp'], ['ipaddr', 'web'], ['ok', 'OK']))
  t.deepEqual(
    [...alone, ...asked],
    [
      'info: Local Resource acquisition completed.',
      'info: Initial resource acquisition complete (ip-request-resp)',
    ],
  )
})

test('who starts alone completes its start by the takeover', t => {
  const cluster = new Cluster(config())
  cluster.start(0)
  const told: string[] = []
  for (let at = 500; at <= 10_500; at += 500) told.push(...play(cluster, at, { kind: 'clock' } as never))
  const last = told.filter(line => /complete/.test(line))
  t.deepEqual(last, [
    'info: mach_down takeover complete.',
    'info: Initial resource acquisition complete (mach_down)',
    'info: Local Resource acquisition completed.',
  ])
})
