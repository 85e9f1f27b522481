// A newer program takes over from a running proxy process: what was open stays open, what is counted stays counted.
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isAlive } from '../../../../../src/base/io/processes.js'
import type { Forwarder } from '../../../../../src/ldirectord/forwarders/forwarder.js'
import { freePort } from '../../../../free-port.js'
import { client, NAME_AND_ECHO, startServer, whoAnswers } from '../../../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { until } from '../../until.js'
import { forwardTo, never, otherBuild, place } from './process-place.js'

const activeOf = async (forwarder: Forwarder): Promise<number> =>
  (await forwarder.counters(never))[0]?.activeConnections ?? 0

/** The number of active connections, once it is this one; after ten seconds whatever it is. */
async function activeAt(forwarder: Forwarder, wanted: number): Promise<number> {
  await until(async () => (await activeOf(forwarder)) === wanted)
  return activeOf(forwarder)
}

test('another build takes over: table, port and numbers stay, and the old process ends with its last connection', async t => {
  const { open, pid, log, varRun } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  const first = await open()
  await forwardTo(first, port, server)
  const before = await first.read(never)
  const visitor = client(port)
  await until(() => visitor.text() === 'a')
  await first.close()
  const old = pid()

  const second = await open(otherBuild(t))
  t.not(pid(), old)
  t.true(isAlive(old))
  t.deepEqual(await second.read(never), before)
  t.is(await activeOf(second), 1)
  t.deepEqual(log, [
    `info proxy: the process ${old} was of another version; ${pid()} has taken over, and it serves its open connections to their end`,
  ])
  visitor.socket.write('!')
  t.true(await until(() => visitor.text() === 'a!'))
  t.is(await whoAnswers(port), 'a')
  const key = tcp('127.0.0.1', port)
  await second.apply(
    [
      {
        kind: 'editDestination',
        key,
        destination: destinationOf(server.address, server.port, { weight: 0 }),
      },
    ],
    never,
  )
  t.is(await activeAt(second, 1), 1)
  visitor.socket.end()
  t.true(await until(() => !isAlive(old)))
  t.is(await activeAt(second, 0), 0)
  t.deepEqual(readdirSync(varRun).sort(), ['ldirectord-proxy.web.cf.pid', 'ldirectord-proxy.web.cf.sock'])
  await second.apply([{ kind: 'deleteService', key }], never)
  await second.close()
  await server.close()
})

test('the same build is joined, not replaced', async t => {
  const { open, pid, log } = place(t)
  const newer = otherBuild(t)
  const first = await open(newer)
  const running = pid()
  await first.close()
  const second = await open(newer)
  t.is(pid(), running)
  t.deepEqual(log, [])
  await second.close()
})

test('two upgrades in a row: the newest process counts the connections of both old ones, and deleting the service ends them', async t => {
  const { open, pid } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  let forwarder = await open()
  await forwardTo(forwarder, port, server)
  const visitors = []
  const pids: number[] = []
  for (const build of ['second', 'third', null]) {
    const visitor = client(port)
    await until(() => visitor.text() === 'a')
    visitors.push(visitor)
    pids.push(pid())
    t.is(await activeAt(forwarder, visitors.length), visitors.length)
    if (build === null) break
    await forwarder.close()
    forwarder = await open(otherBuild(t, build))
    t.is(await activeOf(forwarder), visitors.length)
  }
  t.is(new Set(pids).size, 3)
  await forwarder.apply([{ kind: 'deleteService', key: tcp('127.0.0.1', port) }], never)
  for (const visitor of visitors) t.true(await until(() => visitor.fate() === 'ECONNRESET'))
  t.true(await until(() => !isAlive(pids[0]!) && !isAlive(pids[1]!)))
  await forwarder.close()
  await server.close()
})

test('a new process that dies takes nothing along: its successor counts what the old one still serves', async t => {
  const { open, pid } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  const first = await open()
  await forwardTo(first, port, server)
  const visitor = client(port)
  await until(() => visitor.text() === 'a')
  await first.close()
  const old = pid()
  const second = await open(otherBuild(t))
  const dead = pid()
  process.kill(dead, 'SIGKILL')
  t.true(await until(() => pid() !== dead))
  t.is(await activeAt(second, 1), 1)
  visitor.socket.write('!')
  t.true(await until(() => visitor.text() === 'a!'))

  const ended = pid()
  await second.close()
  process.kill(ended, 'SIGTERM')
  t.true(await until(() => !isAlive(ended)), 'SIGTERM')
  t.true(await until(() => !isAlive(old)), 'SIGTERM ends the old process too')
  t.true(await until(() => visitor.fate() === 'ECONNRESET'))
  await server.close()
})

test('a process that neither understands us nor can hand over is ended, with a warning, and forwarding begins anew', async t => {
  const { open, pid, log, varRun } = place(t)
  const stem = join(varRun, 'ldirectord-proxy.web.cf')
  const script = join(varRun, 'ldirectord-proxy-of-old.mjs')
  writeFileSync(
    script,
    `import { createServer } from 'node:net'
    const refuse = line => JSON.stringify({ id: JSON.parse(line).id, failure: 'this proxy speaks version 1: restart it' })
    createServer(socket => socket.on('data', data => {
      for (const line of String(data).trim().split('\\n')) socket.write(refuse(line) + '\\n')
    })).listen(${JSON.stringify(`${stem}.sock`)}, () => console.log('listening'))`,
  )
  const ancient = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => void ancient.kill('SIGKILL'))
  await once(ancient.stdout, 'data')
  writeFileSync(`${stem}.pid`, `${ancient.pid}\n`)
  const forwarder = await open()
  t.not(pid(), ancient.pid)
  t.deepEqual(log, [
    'WARN proxy: the process of another version cannot hand over (the proxy refuses: this proxy speaks version 1: restart it); it ends with its connections',
  ])
  t.deepEqual(await forwarder.read(never), { services: [] })
  await forwarder.close()
})

test('a program that cannot take over changes nothing', async t => {
  const { open, pid, log, varRun } = place(t)
  const port = await freePort()
  const server = await startServer(NAME_AND_ECHO('a'))
  const first = await open()
  await forwardTo(first, port, server)
  await first.close()
  const running = pid()
  const failing = join(varRun, 'failing.mjs')
  writeFileSync(failing, 'throw new Error("no such thing")')
  const second = await open(failing)
  t.is(pid(), running)
  t.regex(
    log[0] ?? '',
    /^WARN proxy: the process \d+ of another version goes on, it could not hand over: .*ended \(1\): Error: no such thing/,
  )
  t.is(await whoAnswers(port), 'a')
  t.is(await activeAt(second, 0), 0)
  const third = await open(otherBuild(t))
  t.not(pid(), running)
  t.is(await whoAnswers(port), 'a')
  await second.close()
  await third.apply([{ kind: 'deleteService', key: tcp('127.0.0.1', port) }], never)
  await third.close()
  await server.close()
})

test('a UDP session goes on with its server through the old process, and persistence binds a client over the upgrade', async t => {
  const { open } = place(t)
  const port = await freePort()
  const udpKey = { protocol: 'udp', family: 4, address: '127.0.0.1', port } as const
  const persistentPort = await freePort()
  const persistentKey = tcp('127.0.0.1', persistentPort)
  const servers = ['a', 'b'].map(name => {
    const socket = createSocket('udp4')
    // Answers with its name and the port that asked: a session that was begun anew asks from another port.
    socket.on('message', (_, from) => socket.send(`${name} ${from.port}`, from.port, from.address))
    t.teardown(() => socket.close())
    return socket
  })
  const forwarder = await open()
  await forwarder.apply([{ kind: 'addService', service: serviceOf(udpKey) }], never)
  for (const socket of servers) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const destination = destinationOf('127.0.0.1', socket.address().port)
    await forwarder.apply([{ kind: 'addDestination', key: udpKey, destination }], never)
  }
  const real = [await startServer(NAME_AND_ECHO('a')), await startServer(NAME_AND_ECHO('b'))]
  await forwarder.apply(
    [{ kind: 'addService', service: serviceOf(persistentKey, { persistentSeconds: 60 }) }],
    never,
  )
  for (const { address, port } of real) {
    await forwarder.apply(
      [{ kind: 'addDestination', key: persistentKey, destination: destinationOf(address, port) }],
      never,
    )
  }
  const bound = await whoAnswers(persistentPort)
  const asker = createSocket('udp4')
  t.teardown(() => asker.close())
  const heard: string[] = []
  asker.on('message', (answer, from) => heard.push(`${answer} from ${from.port}`))
  const ask = async (): Promise<string | undefined> => {
    const count = heard.length
    asker.send('?', port, '127.0.0.1')
    await until(() => heard.length > count)
    return heard[count]
  }
  const begun = await ask()
  t.regex(begun ?? '', new RegExp(`^[ab] \\d+ from ${port}$`))
  await forwarder.close()

  const second = await open(otherBuild(t))
  for (let n = 0; n < 3; n++) {
    t.is(await ask(), begun)
    t.is(await whoAnswers(persistentPort), bound)
  }
  const counts = await second.counters(never)
  t.is(counts.filter(count => count.key.protocol === 'udp' && count.inactiveConnections === 1).length, 1)
  for (const key of [persistentKey, udpKey]) {
    await second.apply([{ kind: 'deleteService', key }], never)
  }
  await second.close()
  for (const server of real) await server.close()
})
