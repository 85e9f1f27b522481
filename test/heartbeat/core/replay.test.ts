import test from 'ava'
import { type Recorded, ReplayStage, recordedFrom, wordsOf } from './replay-stage.js'

// The peer's side of each exchange is what heartbeat 3.0.6 really sent; ours must be what that exchange requires.

const cold = (us: 'alpha' | 'beta'): ReplayStage =>
  new ReplayStage(us).start().play(recordedFrom('cold-start-both', us === 'alpha' ? 'beta' : 'alpha'))

test('cold start beside an original: asked for nodes we answer, say starting, tell what we hold, take our own', t => {
  const stage = cold('alpha')
  const said = stage.said()
  for (const words of [
    'reqnodes beta',
    'repnodes beta alpha beta ',
    'starting',
    'resource none 0',
    'resource local 1',
    'resource local 1 req_our_resources()',
  ])
    t.true(
      said.some(line => line.startsWith(words)),
      `${words} not in\n${said.join('\n')}`,
    )
  t.is(stage.jobs.filter(job => job.what === 'takeLocal').length, 1)
  const { resources, nodes, status } = stage.cluster.status()
  t.is(status, 'active')
  t.is(resources.rscstatus, 'local')
  t.is(resources.heldByPeer, 'local')
  t.deepEqual(
    nodes.map(node => node.status),
    ['active', 'active'],
  )
  t.deepEqual(stage.warnings, [], 'nothing in an original cold start is worth a warning')
})

test('services start at once, not after the 10 s of the original', t => {
  const stage = cold('alpha')
  const claimed = stage.sent.find(({ message }) => wordsOf(message) === 'resource local 1')!
  t.true(claimed.atMs < 1000, `${claimed.atMs} ms`)
})

test('every tenth number of the original is acknowledged, none that it has not sent', t => {
  const stage = cold('alpha')
  const acked = stage.sentOf('NS_ackmsg').map(message => Number.parseInt(message.text('ackseq')!, 16))
  const last = 0x1c
  t.true(acked.length >= 2, `${acked}`)
  t.true(acked.at(-1)! > last - 10 && acked.at(-1)! <= last, `${acked}`)
  t.is(new Set(acked.map(seq => seq % 10)).size, 1, 'one trigger for one peer')
  for (const message of stage.sentOf('NS_ackmsg')) t.is(message.text('dest'), 'beta')
})

test('nothing that arrived is asked for again', t => {
  for (const us of ['alpha', 'beta'] as const) t.deepEqual(cold(us).sentOf('NS_rexmit'), [])
})

test('our messages have the fields of the original in the order of the original', t => {
  const stage = cold('alpha').play(recordedFrom('stop-owner', 'beta'), 2000).stop()
  stage.runUntil(stage.nowMs + 3000)
  const names = (message: Recorded['message']): string =>
    message.fields
      .map(field => field.name)
      .filter(name => name !== 'auth')
      .join(' ')
  const original = new Map<string, string>()
  for (const capture of ['cold-start-both', 'stop-owner'])
    for (const { message } of recordedFrom(capture, 'alpha')) {
      const info = message.text('info')
      original.set(`${message.type} ${info ?? ''}`, names(message))
    }
  for (const type of [
    'status ',
    'reqnodes ',
    'repnodes ',
    'starting ',
    'resource ',
    'NS_ackmsg ',
    'shutdone ',
    'resource shutdown',
  ]) {
    const [name = '', info = ''] = type.split(' ')
    const ours = stage.sentOf(name).find(message => (message.text('info') ?? '') === info)
    t.truthy(ours, type)
    t.is(names(ours!), original.get(type) ?? 'not recorded', type)
  }
})

test('an original goes standby [all]: we answer other, acquire, say done, then what we hold', t => {
  const stage = cold('beta')
  const before = stage.nowMs
  stage.play(recordedFrom('hb-standby-all', 'alpha'))
  t.deepEqual(stage.said(before), ['ask_resources all other', 'ask_resources all done', 'resource all 1'])
  const take = stage.jobs.at(-1)!
  t.is(take.what, 'take')
  t.is(take.resourceClass, 'all')
  t.is(stage.cluster.status().resources.rscstatus, 'all')
  t.is(stage.cluster.status().resources.heldByPeer, 'none')
})

test('an original stops: we take over at its shutdone, and its silence later is no news', t => {
  const stage = cold('beta').play(recordedFrom('stop-owner', 'alpha'))
  stage.runUntil(stage.nowMs + 10_000)
  const takes = stage.jobs.filter(job => job.what === 'takeFrom')
  t.is(takes.length, 1)
  t.is(takes[0]!.node, 'alpha')
  t.true(stage.said().includes('stonith alpha unneeded'))
  t.true(stage.lines.includes('Dead node alpha gave up resources.'))
  t.is(stage.cluster.status().resources.rscstatus, 'all')
})

test('an original returns, auto_failback on: we give its groups back in three phases', t => {
  const stage = cold('beta').play(recordedFrom('stop-owner', 'alpha'))
  stage.runUntil(stage.nowMs + 10_000)
  const before = stage.nowMs
  stage.play(recordedFrom('return-on', 'alpha'))
  const said = stage.said(before)
  const phases = said.filter(line => line.startsWith('ask_resources') || line.endsWith('standby'))
  t.deepEqual(phases, ['ask_resources foreign me', 'resource local 0 standby', 'ask_resources foreign done'])
  t.true(said.some(line => line.startsWith('repnodes alpha')))
  t.is(said.at(-1), 'resource local 1')
  t.is(stage.cluster.status().resources.rscstatus, 'local')
})

test('an original joins us after we started alone, and gets its group', t => {
  const stage = new ReplayStage('alpha').start().runUntil(20_000)
  t.is(stage.cluster.status().resources.rscstatus, 'all')
  stage.play(recordedFrom('join-second', 'beta'))
  const give = stage.jobs.find(job => job.what === 'give')!
  t.is(give.resourceClass, 'foreign')
  t.is(stage.cluster.status().resources.rscstatus, 'local')
  t.is(stage.cluster.status().resources.heldByPeer, 'local')
})

test('an original falls silent: dead after the dead time it announced, not before, within one keepalive', t => {
  const stage = cold('beta')
  const heard = recordedFrom('cold-start-both', 'alpha').filter(({ message }) => message.type === 'status')
  const lastHeardMs = heard.at(-1)!.atMs
  stage.runUntil(lastHeardMs + 2999)
  t.is(stage.cluster.status().nodes[0]!.status, 'active')
  stage.runUntil(lastHeardMs + 4000)
  t.is(stage.cluster.status().nodes[0]!.status, 'dead')
  t.true(stage.lines.includes('node alpha: is dead'))
  t.is(stage.jobs.at(-1)!.what, 'takeFrom')
})

test('an original that shuts down and restarts after a healed partition: we never release what is ours', t => {
  const stage = new ReplayStage('alpha').start()
  // beta before the partition is not in the recording: it is heard active, then silent, then as recorded.
  const recorded = recordedFrom('heal', 'beta')
  stage.runUntil(11_000)
  t.is(stage.cluster.status().resources.rscstatus, 'all')
  stage.play(recorded)
  stage.runUntil(stage.nowMs + 2000)
  const gives = stage.jobs.filter(job => job.what === 'give' || job.what === 'giveAll')
  t.true(
    gives.every(job => job.resourceClass === 'foreign'),
    JSON.stringify(gives),
  )
  t.false(stage.cluster.status().resources.held === 'none')
})

test('packets in the reversed order of an original reaction raise no warning and no request', t => {
  // hb-standby-all: beta's resource (26) came before its ask_resources done (25).
  const stage = cold('alpha').play(recordedFrom('hb-standby-all', 'beta'), 200)
  stage.submit(['t', 'ask_resources'], ['rsc_hold', 'all'], ['info', 'me'])
  const rest = recordedFrom('hb-standby-all', 'beta').filter(({ atMs }) => atMs > 200)
  stage.play(rest.map(({ atMs, message }) => ({ atMs: atMs - 200, message })))
  t.deepEqual(stage.sentOf('NS_rexmit'), [])
  t.false(stage.warnings.some(line => line.includes('lost packet')))
  t.true(stage.lines.includes('Other node completed standby takeover of all resources.'))
  t.is(stage.cluster.status().resources.rscstatus, 'none')
  // Its word of being stable comes before its done, which then finds us settled: no fault, the original logs none.
  t.deepEqual(
    stage.warnings.filter(line => /^(ERROR|CRIT)/.test(line)),
    [],
  )
})
