/** The daemon with a real file, a table in memory and checks that answer what the test says. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../../../src/ldirectord/daemon.js'
import { askControl } from '../../../../src/ldirectord/io/control-socket.js'
import { temporaryFolder } from '../../../temporary-folder.js'
import { ask, FILE, running } from './running-daemon.js'

test('a start brings living servers into the table at once, without the fallback in between', async t => {
  const { daemon, log, weights } = await running(t)
  await daemon.start()
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 1 })
  t.false(log.some(line => /fallback|Quiescent/.test(line)))
})

test('a dead server is never shown with a weight at start', async t => {
  const { daemon, dead, log, weights } = await running(t)
  dead.add('127.0.2.2')
  await daemon.start()
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 0 })
  t.false(log.some(line => /Added real server: 127\.0\.2\.2/.test(line)))
})

test('when the last server goes down the fallback comes, and goes when one returns', async t => {
  const { daemon, dead, said, weights } = await running(t)
  await daemon.start()
  dead.add('127.0.2.1').add('127.0.2.2')
  await said(/^Quiescent real server: 127\.0\.2\.1:80/)
  await said(/^Quiescent real server: 127\.0\.2\.2:80/)
  await said(/^Added fallback server: 127\.0\.0\.1:80/)
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 0, '127.0.0.1:80': 1 })
  dead.clear()
  await said(/^Deleted fallback server: 127\.0\.0\.1:80/)
  t.is(weights()['127.0.0.1:80'], undefined)
})

test('a broken file changes nothing, is reported once, and the checks go on', async t => {
  const { daemon, dead, edit, log, said, weights } = await running(t)
  await daemon.start()
  await edit(FILE.replace('real=127.0.2.1:80 masq 2', 'real=127.0.2.1:80 nonsense'))
  await said(/The configuration in use stays/)
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 1 })
  dead.add('127.0.2.2')
  await said(/^Quiescent real server: 127\.0\.2\.2:80/)
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 0 })
  const reports = log.filter(line => /at line 5: forward method must be gate, masq or ipip/.test(line))
  t.is(reports.length, 1)
  await edit(FILE.replace('masq 2', 'masq 7'))
  await said(/^Restored real server: 127\.0\.2\.1:80 .*Weight set to 7/)
})

test('a changed weight is the only edit of a reload', async t => {
  const { daemon, edit, log, said } = await running(t)
  await daemon.start()
  const before = log.length
  await edit(FILE.replace('masq 2', 'masq 9'))
  await said(/Weight set to 9/)
  const edits = log
    .slice(before)
    .filter(line => /^(Added|Changed|Deleted|Purged|Restored|Quiescent)/.test(line))
  t.deepEqual(edits, ['Restored real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 9)'])
})

test('proxyworkers of the file in use is told to the forwarder at the start and at each reload', async t => {
  const told: (number | null)[] = []
  const file = FILE.replace('autoreload=yes', '')
  const { daemon, edit } = await running(t, `proxyworkers=2\n${file}`, 'active', {
    setWorkers: async count => void told.push(count),
  })
  await daemon.start()
  for (const text of [`proxyworkers=16\n${file}`, `proxyworkers=3\n${file}`, file]) {
    await edit(text)
    await daemon.reload()
  }
  t.deepEqual(told, [2, 3, null], 'a file with an error changes nothing')
})

test('a reload takes over services of the file, purges those that left it and leaves foreign ones alone', async t => {
  const { daemon, edit, forwarder, said, log } = await running(t)
  const foreign = {
    key: { protocol: 'tcp', family: 4, address: '127.0.9.9', port: 9 } as const,
    scheduler: 'rr',
    persistentSeconds: null,
    netmask: null,
    schedulerFlags: '',
    ops: false,
    destinations: [],
  }
  forwarder.table = { services: [foreign] }
  await daemon.start()
  await edit(FILE.replace('127.0.1.1:80', '127.0.1.2:80'))
  await said(/^Purged virtual server \(start\): 127\.0\.1\.1:80/)
  t.deepEqual(forwarder.table.services.map(({ key }) => key.protocol !== 'fwm' && key.address).sort(), [
    '127.0.1.2',
    '127.0.9.9',
  ])
  t.is(
    log.filter(line => /not of this file; they stay as they are: tcp:127\.0\.9\.9:9$/.test(line)).length,
    1,
  )
})

test('a service that left the file is purged at a reload also with cleanstop=no, as in the original', async t => {
  const { daemon, edit, forwarder, said } = await running(t, `cleanstop=no\n${FILE}`)
  await daemon.start()
  await edit(`cleanstop=no\n${FILE.replace('127.0.1.1:80', '127.0.1.2:80')}`)
  await said(/^Purged virtual server \(start\): 127\.0\.1\.1:80/)
  t.is(forwarder.table.services.length, 1)
})

test('with checktype=off real servers are listed with weight 0 and the fallback serves, as in the original', async t => {
  const { daemon, weights } = await running(t, FILE.replace('checktype=connect', 'checktype=off'))
  await daemon.start()
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 0, '127.0.0.1:80': 1 })
})

test('a monitorfile on a full disk, and commands and mails that hang, hold up no check and no edit', async t => {
  const folder = temporaryFolder(t)
  const command = join(folder, 'hangs')
  // Until it is let go, for 20 s at most.
  const wait = `i=0; while [ ! -e ${folder}/go ] && [ $i -lt 200 ]; do sleep 0.1; i=$((i+1)); done; touch ${folder}/over`
  await writeFile(command, `#!/bin/sh\n${wait}\n`, { mode: 0o755 })
  const text = `callback="${command}"\nemailalert=a@example.org\n${FILE}    monitorfile=/dev/full\n    fallbackcommand=${command}\n`
  const { dead, edit, log, options, said, weights } = await running(t, text)
  const daemon = new Daemon({ ...options, mailCommand: ['/bin/sh', '-c', wait] })
  await daemon.start()
  dead.add('127.0.2.1').add('127.0.2.2')
  await said(/^Added fallback server/)
  await edit(text.replace('masq 2', 'masq 9'))
  await said(/ - reread new configuration/)
  dead.clear()
  await said(/^Restored real server: 127\.0\.2\.1:80 .*Weight set to 9/)
  await said(/^Deleted fallback server/)
  t.deepEqual(weights(), { '127.0.2.1:80': 9, '127.0.2.2:80': 1 })
  t.false(existsSync(join(folder, 'over')), 'all of them hang still')
  await writeFile(join(folder, 'go'), '')
  await daemon.stop()
  t.false(
    log.some(line => /unexpected/.test(line)),
    log.join('\n'),
  )
})

test('what served before a start goes on serving while its first check is still under way', async t => {
  const first = await running(t)
  await first.daemon.start()
  const next = await running(t)
  next.forwarder.table = first.forwarder.table
  next.silent.add('127.0.2.1')
  await next.daemon.start()
  t.deepEqual(next.weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 1 })
  t.false(next.log.some(line => /^(Added|Quiescent|Deleted|Restored)/.test(line)))
})

test('a new server that does not answer in the first moment is listed with weight 0', async t => {
  const { daemon, silent, weights } = await running(t)
  silent.add('127.0.2.2')
  await daemon.start()
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 0 })
})

test('a stop with cleanstop=yes leaves nothing of ours in the table; with cleanstop=no everything', async t => {
  const clean = await running(t)
  await clean.daemon.start()
  await clean.daemon.stop()
  t.deepEqual(clean.forwarder.table.services, [])
  t.deepEqual(clean.log.slice(-3), [
    'Purged real server (stop): 127.0.2.1:80 (127.0.1.1:80)',
    'Purged real server (stop): 127.0.2.2:80 (127.0.1.1:80)',
    'Purged virtual server (stop): 127.0.1.1:80',
  ])
  const kept = await running(t, `cleanstop=no\n${FILE}`)
  await kept.daemon.start()
  await kept.daemon.stop()
  t.deepEqual(kept.weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 1 })
})

test('a stop ends a start that is under way: nothing is written, and its checks are given up', async t => {
  const { forwarder, options } = await running(t)
  let letGo = (): void => {}
  const held = new Promise<void>(done => {
    letGo = done
  })
  const read = forwarder.read.bind(forwarder)
  forwarder.read = async signal => {
    await held
    return read(signal)
  }
  const checks: AbortSignal[] = []
  const daemon = new Daemon({
    ...options,
    runCheck: (probe, signal) => {
      checks.push(signal)
      return options.runCheck(probe, signal)
    },
  })
  const started = daemon.start()
  await new Promise(setImmediate)
  const stopped = daemon.stop()
  letGo()
  await Promise.all([started, stopped])
  t.deepEqual(forwarder.table.services, [])
  t.is(checks.length, 2)
  t.true(checks.every(({ aborted }) => aborted))
})

test('the control socket tells each server, its weight and why it is up or down', async t => {
  const { daemon, dead, instance } = await running(t)
  dead.add('127.0.2.2')
  await daemon.start()
  const record = JSON.parse((await askControl(instance.socket, 'status'))!)
  t.is(record.forwarder, 'memory')
  t.is(record.virtuals[0].id, 'tcp:127.0.1.1:80')
  t.like(record.virtuals[0].reals[0], { server: '127.0.2.1:80', weight: 2, health: 'up', because: 'fine' })
  t.like(record.virtuals[0].reals[1], { weight: 0, health: 'down', because: 'connection refused' })
  t.false(record.virtuals[0].fallback.active)
})

const drainOf = (server: string) => ({
  kind: 'drain',
  server,
  virtual: null,
  who: 'ann',
  reason: 'disk',
  untilMs: null,
})

test('a drain sets weight 0 at once and holds through checks and a reload; an undrain gives the weight back', async t => {
  const { daemon, dead, edit, instance, log, said, weights } = await running(t)
  await daemon.start()
  t.deepEqual(await ask(instance.socket, drainOf('127.0.2.1')), {
    servers: [{ virtual: 'tcp:127.0.1.1:80', server: '127.0.2.1:80' }],
    mirror: { mirroredTo: [], because: 'heartbeat does not run here' },
  })
  await said(/^Quiescent real server: 127\.0\.2\.1:80 .*Weight set to 0/)
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 1 })
  dead.add('127.0.2.1')
  await said(/127\.0\.2\.1:80 .*up -> down/)
  dead.clear()
  await said(/127\.0\.2\.1:80 .*down -> up/)
  await edit(FILE.replace('masq 2', 'masq 7'))
  await said(/ - reread new configuration/)
  await daemon.reload()
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 1 })
  t.is(log.filter(line => line.startsWith('Draining real server')).length, 1)
  const { virtuals } = await ask(instance.socket, 'status')
  t.like(virtuals[0].reals[0].drain, { who: 'ann', reason: 'disk', isDrained: true, seconds: 0 })
  await ask(instance.socket, { ...drainOf('127.0.2.1'), weight: 3 })
  await said(/^Real server gets weight 3 at most: 127\.0\.2\.1:80/)
  await said(/^Restored real server: 127\.0\.2\.1:80 .*Weight set to 3/)
  t.is((await ask(instance.socket, 'status')).virtuals[0].reals[0].drain.most, 3)
  await ask(instance.socket, { kind: 'undrain', server: '127.0.2.1', virtual: null })
  await said(/^Restored real server: 127\.0\.2\.1:80 .*Weight set to 7/)
  t.deepEqual(weights(), { '127.0.2.1:80': 7, '127.0.2.2:80': 1 })
})

test('a drain outlives the daemon', async t => {
  const { daemon, forwarder, instance, options, said, weights } = await running(t)
  await daemon.start()
  await ask(instance.socket, drainOf('127.0.2.1:80'))
  await said(/^Quiescent real server: 127\.0\.2\.1:80/)
  await daemon.stop()
  t.deepEqual(forwarder.table.services, [])
  const next = new Daemon(options)
  await next.start()
  t.deepEqual(weights(), { '127.0.2.1:80': 0, '127.0.2.2:80': 1 })
  await next.stop()
})

test('what cannot be drained is refused with a reason, and nothing is logged as drained', async t => {
  const { daemon, instance, log } = await running(t)
  await daemon.start()
  t.regex((await ask(instance.socket, drainOf('127.0.2.9'))).error, /^no real server 127\.0\.2\.9 in /)
  const undrain = { kind: 'undrain', server: '127.0.2.1', virtual: null }
  t.is((await ask(instance.socket, undrain)).error, '127.0.2.1 is not drained')
  t.is((await ask(instance.socket, 'nonsense')).error, 'unknown request')
  t.false(log.some(line => /Drain/.test(line)))
})

test('a plan tells what a reload would change, and changes nothing', async t => {
  const { daemon, edit, instance, said, weights } = await running(
    t,
    FILE.replace('autoreload=yes', 'autoreload=no'),
  )
  await daemon.start()
  t.deepEqual((await ask(instance.socket, 'plan')).edits, [])
  await edit(FILE.replace('masq 2', 'masq 7').replace('autoreload=yes', 'autoreload=no'))
  await said(/ignore new configuration/)
  t.deepEqual((await ask(instance.socket, 'plan')).edits, [
    'change 127.0.2.1:80 in 127.0.1.1:80 (masq weight 2 -> masq weight 7)',
  ])
  t.deepEqual(weights(), { '127.0.2.1:80': 2, '127.0.2.2:80': 1 })
})
