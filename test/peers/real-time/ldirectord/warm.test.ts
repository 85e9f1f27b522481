/** A warm standby: it checks and knows, and touches no table until it is told to take it over. */
import test from 'ava'
import { ask, FILE, running } from './running-daemon.js'

const BOTH = { '127.0.2.1:80': 2, '127.0.2.2:80': 1 }

test('a warm standby checks and shows what it knows, and leaves the table empty', async t => {
  const { daemon, dead, forwarder, instance, said } = await running(t, FILE, 'warm')
  dead.add('127.0.2.2')
  await daemon.start()
  await said(/^Real server 127\.0\.2\.1:80 .*unknown -> up/)
  await said(/^Real server 127\.0\.2\.2:80 .*unknown -> down/)
  const { role, virtuals } = await ask(instance.socket, 'status')
  t.is(role, 'warm')
  t.like(virtuals[0].reals[1], { weight: null, health: 'down', because: 'connection refused' })
  t.deepEqual(forwarder.table.services, [])
})

test('it takes over with what it knows: a dead server never has a weight, the fallback is not touched', async t => {
  const { announced, daemon, dead, instance, log, said, weights } = await running(t, FILE, 'warm')
  dead.add('127.0.2.2')
  await daemon.start()
  await said(/127\.0\.2\.2:80 .*unknown -> down/)
  t.deepEqual(await ask(instance.socket, 'takeover'), { done: 'takeover' })
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 0 })
  t.deepEqual(announced, ['active'])
  t.false(log.some(line => /fallback/.test(line)))
  dead.delete('127.0.2.2')
  await said(/^Restored real server: 127\.0\.2\.2:80/)
})

test('a takeover looks at the table once and writes it at once, however many servers there are', async t => {
  const sections = Array.from(
    { length: 20 },
    (_, n) => `virtual=127.0.1.${n + 1}:80\n    real=127.0.2.1->127.0.2.10:80 masq\n    checktype=connect\n`,
  )
  const { daemon, forwarder, instance, said } = await running(t, sections.join('\n'), 'warm')
  const [read, apply] = [forwarder.read.bind(forwarder), forwarder.apply.bind(forwarder)]
  const asked: string[] = []
  forwarder.read = signal => {
    asked.push('read')
    return read(signal)
  }
  forwarder.apply = (edits, signal) => {
    asked.push(`${edits.length} edits`)
    return apply(edits, signal)
  }
  await daemon.start()
  await said(/^Real server 127\.0\.2\.10:80 .*unknown -> up/)
  await ask(instance.socket, 'takeover')
  t.deepEqual(asked, ['read', '220 edits'])
  t.is(forwarder.table.services.length, 20)
  t.true(forwarder.table.services.every(({ destinations }) => destinations.length === 10))
})

test('after a release the table is left as cleanstop says, checks go on, and it takes over again', async t => {
  const { announced, daemon, dead, forwarder, instance, log, said, weights } = await running(t, FILE, 'warm')
  await daemon.start()
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), BOTH)
  t.deepEqual(await ask(instance.socket, 'release'), { done: 'release' })
  t.deepEqual(forwarder.table.services, [])
  t.true(log.includes('Purged virtual server (stop): 127.0.1.1:80'))
  t.is((await ask(instance.socket, 'status')).role, 'warm')
  dead.add('127.0.2.1')
  await said(/127\.0\.2\.1:80 .*up -> down/)
  t.deepEqual(forwarder.table.services, [], 'what checks find changes no table')
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 1 })
  t.deepEqual(announced, ['active', 'warm', 'active'])
})

test('with cleanstop=no a release leaves the entries, and the next takeover finds them', async t => {
  const { daemon, instance, log, weights } = await running(t, `cleanstop=no\n${FILE}`, 'warm')
  await daemon.start()
  await ask(instance.socket, 'takeover')
  await ask(instance.socket, 'release')
  t.deepEqual(weights(), BOTH)
  const before = log.length
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), BOTH)
  t.false(log.slice(before).some(line => /^(Added|Changed|Restored|Deleted)/.test(line)))
})

test('a server that has not answered yet goes on serving through a takeover when it served before', async t => {
  const { daemon, forwarder, instance, options, silent, weights } = await running(t, FILE, 'warm')
  await daemon.start()
  await ask(instance.socket, 'takeover')
  const served = forwarder.table
  await daemon.stop()
  silent.add('127.0.2.1')
  forwarder.table = served
  const { Daemon } = await import('../../../../src/ldirectord/daemon.js')
  const next = new Daemon(options)
  await next.start()
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), BOTH)
  await next.stop()
})

test('a new file while warm is in force at the takeover', async t => {
  const { daemon, edit, instance, said, weights } = await running(t, FILE, 'warm')
  await daemon.start()
  await edit(FILE.replace('masq 2', 'masq 9'))
  await said(/ - reread new configuration/)
  await daemon.reload()
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), { ...BOTH, '127.0.2.1:80': 9 })
})

test('a takeover of what is active, and a release of what is warm, change nothing', async t => {
  const { announced, daemon, instance, weights } = await running(t, FILE, 'warm')
  await daemon.start()
  t.deepEqual(await ask(instance.socket, 'release'), { done: 'release' })
  await ask(instance.socket, 'takeover')
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), BOTH)
  t.deepEqual(announced, ['active'])
})

test('the last server dying while warm runs no fallbackcommand; at the takeover it runs once', async t => {
  const text = FILE.replace('checktype=connect', 'checktype=connect\n    fallbackcommand=/bin/true')
  const { daemon, dead, instance, log, said, weights } = await running(t, text, 'warm')
  dead.add('127.0.2.1').add('127.0.2.2')
  await daemon.start()
  await said(/127\.0\.2\.1:80 .*unknown -> down/)
  await said(/127\.0\.2\.2:80 .*unknown -> down/)
  t.false(log.some(line => /fallback/i.test(line)))
  await ask(instance.socket, 'takeover')
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 0, '127.0.0.1:80': 1 })
  t.is(log.filter(line => /^Added fallback server/.test(line)).length, 1)
})
