// The forwarder `proxy` with its real process: starting, joining, dying, staying, leaving.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { commandLine, isAlive } from '../../../../../src/base/io/processes.js'
import type { Edit } from '../../../../../src/ldirectord/core/table.js'
import { openProxy } from '../../../../../src/ldirectord/forwarders/proxy.js'
import { freePort } from '../../../../free-port.js'
import { client, NAME_AND_ECHO, startServer, whoAnswers } from '../../../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { until } from '../../until.js'
import { counting, forwardTo, never, place, program } from './process-place.js'

test('the process is named, guarded by file modes, and leaves without a trace when it has nothing to do', async t => {
  const { varRun, open, pid } = place(t)
  const forwarder = await open()
  const running = pid()
  t.regex(commandLine(running), /^ldirectord-proxy web\.cf/)
  t.is(statSync(join(varRun, 'ldirectord-proxy.web.cf.sock')).mode & 0o777, 0o600)
  t.deepEqual(await forwarder.read(never), { services: [] })
  t.deepEqual(await forwarder.counters(never), [])
  await forwarder.close()
  await wait(2_000)
  t.true(await until(() => !isAlive(running)))
  t.deepEqual(readdirSync(varRun), [])
})

test('what was applied is read back, with one result per edit', async t => {
  const forwarder = await place(t).open()
  const key = tcp('127.0.0.1', await freePort())
  const destination = destinationOf('127.0.0.1', 9, { weight: 0 })
  const service = serviceOf(key, { scheduler: 'wrr' })
  const edits: Edit[] = [
    { kind: 'addService', service },
    { kind: 'addService', service },
    { kind: 'addDestination', key, destination },
    { kind: 'addService', service: serviceOf({ protocol: 'fwm', family: 4, mark: 5 }) },
  ]
  const results = await forwarder.apply(edits, never)
  t.deepEqual(
    results.map(result => result.edit),
    edits,
  )
  t.deepEqual(
    results.map(result => result.error?.slice(0, 22) ?? null),
    [null, 'Service already exists', null, 'the proxy cannot see f'],
  )
  t.deepEqual(await forwarder.read(never), { services: [{ ...service, destinations: [destination] }] })
  t.deepEqual(await forwarder.counters(never), [
    { key, address: '127.0.0.1', port: 9, activeConnections: 0, inactiveConnections: 0 },
  ])
  await forwarder.apply([{ kind: 'deleteService', key }], never)
  await forwarder.close()
})

test('connections outlive ldirectord: the next one finds the table and the same process', async t => {
  const { open, pid } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  const first = await open()
  await forwardTo(first, port, server)
  const visitor = client(port)
  await until(() => visitor.text() === 'a')
  await first.close()
  const running = pid()
  visitor.socket.write('!')
  t.true(await until(() => visitor.text() === 'a!'))
  const second = await open()
  t.is(pid(), running)
  t.is((await second.read(never)).services.length, 1)
  t.is((await second.counters(never))[0]!.activeConnections, 1)
  await second.apply([{ kind: 'deleteService', key: tcp('127.0.0.1', port) }], never)
  t.true(await until(() => visitor.fate() === 'ECONNRESET'))
  await second.close()
  await server.close()
})

test('a process that died is replaced at once, and the new one gets the table of the dead one', async t => {
  const { open, pid, log } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  const forwarder = await open()
  await forwardTo(forwarder, port, server)
  const before = await forwarder.read(never)
  const dead = pid()
  process.kill(dead, 'SIGKILL')
  t.true(await until(() => log.includes('info proxy: forwards again, 1 services put back')))
  t.deepEqual(log.slice(0, 1), ['ERROR proxy: the process ended; starting it again'])
  t.not(pid(), dead)
  t.is(await whoAnswers(port), 'a')
  t.deepEqual(await forwarder.read(never), before)
  await forwarder.apply([{ kind: 'deleteService', key: tcp('127.0.0.1', port) }], never)
  await forwarder.close()
  await server.close()
})

test('a changed number of workers reaches the running process once, and the one that follows it', async t => {
  const { open, pid, log } = place(t)
  const { path, counts } = counting(t)
  const forwarder = await open(path)
  await forwarder.setWorkers!(null)
  t.deepEqual(counts(), [null], 'said at the start, and not again')
  await forwarder.setWorkers!(3)
  await forwarder.setWorkers!(3)
  t.deepEqual(counts(), [null, 3])
  process.kill(pid(), 'SIGKILL')
  t.true(await until(() => counts().length === 3))
  await forwarder.setWorkers!(null)
  t.deepEqual(counts(), [null, 3, 3, null])
  t.deepEqual(
    log.filter(line => /proxyworkers/.test(line)),
    ['info proxy: proxyworkers is 3 now', 'info proxy: proxyworkers is unset now'],
  )
  await forwarder.close()
})

test('edits while the process is gone fail with a sentence or reach the new one, never a dead one', async t => {
  const { open, pid } = place(t)
  const forwarder = await open()
  process.kill(pid(), 'SIGKILL')
  const key = tcp('127.0.0.1', await freePort())
  const edit: Edit = { kind: 'addService', service: serviceOf(key) }
  const [first] = await forwarder.apply([edit], never)
  const [second] = await forwarder.apply([edit], never)
  if (first!.error === null) t.is(second!.error, 'Service already exists')
  else t.deepEqual([first!.error, second!.error], ['the proxy process ended', null])
  t.is((await forwarder.read(never)).services.length, 1)
  await forwarder.apply([{ kind: 'deleteService', key }], never)
  await forwarder.close()
})

test('SIGTERM ends the process cleanly, with its socket and pid file', async t => {
  const { open, pid, varRun } = place(t)
  const forwarder = await open()
  const running = pid()
  process.kill(running, 'SIGTERM')
  t.true(await until(() => !isAlive(running)))
  t.deepEqual(readdirSync(varRun), [])
  await forwarder.close()
})

test('notices of the process come to the log', async t => {
  const { open, log } = place(t)
  const occupant = await startServer(() => {})
  const forwarder = await open()
  const key = tcp('127.0.0.1', occupant.port)
  await forwarder.apply([{ kind: 'addService', service: serviceOf(key) }], never)
  t.true(await until(() => log.some(line => /^WARN proxy: waiting for the address .* in use/.test(line))))
  await forwarder.apply([{ kind: 'deleteService', key }], never)
  await forwarder.close()
  await occupant.close()
})

test('more edits than one message holds are applied in order', async t => {
  const forwarder = await place(t).open()
  const key = tcp('127.0.0.1', await freePort())
  const edits: Edit[] = [{ kind: 'addService', service: serviceOf(key) }]
  for (let n = 0; n < 1_200; n++) {
    edits.push({ kind: 'addDestination', key, destination: destinationOf(`10.9.${n >> 8}.${n & 255}`, 80) })
  }
  const results = await forwarder.apply(edits, never)
  t.true(results.every(result => result.error === null))
  t.is((await forwarder.read(never)).services[0]!.destinations.length, 1_200)
  await forwarder.apply([{ kind: 'deleteService', key }], never)
  await forwarder.close()
})

test('a given-up call rejects with a sentence and the forwarder stays usable', async t => {
  const forwarder = await place(t).open()
  await t.throwsAsync(forwarder.read(AbortSignal.abort()), { message: /given up/ })
  t.deepEqual(await forwarder.read(never), { services: [] })
  await forwarder.close()
  await t.throwsAsync(forwarder.read(never), { message: /closed/ })
})

test('a proxy that cannot start is one sentence: no program, no folder, a name too long for a socket', async t => {
  const { varRun } = place(t)
  const log = (): void => {}
  const attempt = (changes: object): Promise<unknown> =>
    openProxy({ instance: 'web.cf', varRun, log, program, ...changes })
  await t.throwsAsync(attempt({ program: '/no/such/program.cjs' }), {
    message: /the proxy process ended \(1\)/,
  })
  await t.throwsAsync(attempt({ varRun: join(varRun, 'absent') }), {
    message: /ended \(1\): cannot make .*the folder must exist/,
  })
  const deep = join(varRun, 'x'.repeat(100))
  mkdirSync(deep)
  await t.throwsAsync(attempt({ varRun: deep }), { message: /longer than 107 bytes/ })
})

test('a stale socket and a stale pid file are no obstacle', async t => {
  const { varRun, open, pid } = place(t)
  const first = await open()
  const old = pid()
  process.kill(old, 'SIGKILL')
  await until(() => !isAlive(old))
  await first.close()
  writeFileSync(join(varRun, 'ldirectord-proxy.web.cf.pid'), '4194305\n')
  const second = await open()
  t.deepEqual(await second.read(never), { services: [] })
  t.true(isAlive(pid()))
  await second.close()
})
