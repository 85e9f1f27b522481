// The forwarding itself, on real sockets of 127.0.0.0/8: by Node's own sockets, and by workers.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import ava, { type ExecutionContext } from 'ava'
import type { Destination, Service } from '../../../../../src/ldirectord/core/table.js'
import { DataPlane } from '../../../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings, type ProxySettings } from '../../../../../src/ldirectord/proxy/io/settings.js'
import { deafPort } from '../../../../contract/check/scripted-server.js'
import { freePort } from '../../../../free-port.js'
import {
  client,
  NAME_AND_ECHO,
  startServer,
  type TestServer,
  whoAnswers,
} from '../../../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { until } from '../../until.js'
import { WAYS } from './ways.js'

/** The claim holds whichever way connections are carried. One after the other: some go by real time, and threads take a while. */
function test(
  title: string,
  claim: (t: ExecutionContext, way: Partial<ProxySettings>) => Promise<void>,
): void {
  for (const [name, way] of Object.entries(WAYS)) ava.serial(`${name}: ${title}`, t => claim(t, way))
}

interface Stage {
  readonly plane: DataPlane
  readonly port: number
  readonly key: ReturnType<typeof tcp>
  readonly notices: string[]
  add(server: TestServer, changes?: Partial<Destination>): Promise<string | null>
  edit(server: TestServer, changes: Partial<Destination>): Promise<string | null>
  server(onConnection: Parameters<typeof startServer>[0], address?: string): Promise<TestServer>
}

/** A data plane with one service; everything is closed when the test ends. */
async function stage(
  t: ExecutionContext,
  way: Partial<ProxySettings>,
  service: Partial<Service> = {},
  settings: Partial<ProxySettings> = {},
): Promise<Stage> {
  const notices: string[] = []
  const plane = new DataPlane({ ...defaultSettings(), ...way, ...settings }, (_level, text) =>
    notices.push(text),
  )
  const port = await freePort()
  const key = tcp('127.0.0.1', port)
  const servers: TestServer[] = []
  t.teardown(async () => {
    plane.closeAll()
    await Promise.all(servers.map(server => server.close()))
  })
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key, service) }), null)
  const of = (server: TestServer, changes: Partial<Destination> = {}): Destination =>
    destinationOf(server.address, server.port, changes)
  return {
    plane,
    port,
    key,
    notices,
    add: (server, changes) => plane.apply({ kind: 'addDestination', key, destination: of(server, changes) }),
    edit: (server, changes) =>
      plane.apply({ kind: 'editDestination', key, destination: of(server, changes) }),
    async server(onConnection, address) {
      const server = await startServer(onConnection, address)
      servers.push(server)
      return server
    },
  }
}

test('rr takes turns; a service without servers refuses at once', async (t, way) => {
  const { port, add, server } = await stage(t, way)
  t.is(await whoAnswers(port), 'ECONNRESET')
  await add(await server(NAME_AND_ECHO('a')))
  await add(await server(NAME_AND_ECHO('b')))
  const seen = []
  for (let n = 0; n < 4; n++) seen.push(await whoAnswers(port))
  t.deepEqual(seen, ['a', 'b', 'a', 'b'])
})

test('weight 0 gets no new connection and keeps the one it has', async (t, way) => {
  const { port, add, edit, server, plane } = await stage(t, way)
  const a = await server(NAME_AND_ECHO('a'))
  await add(a)
  const old = client(port)
  await until(() => old.text() === 'a')
  await add(await server(NAME_AND_ECHO('b')))
  await edit(a, { weight: 0 })
  for (let n = 0; n < 3; n++) t.is(await whoAnswers(port), 'b')
  old.socket.write('still here')
  t.true(await until(() => old.text() === 'astill here'))
  t.is(plane.table.counters()[0]!.activeConnections, 1)
  old.socket.end()
  t.true(await until(() => plane.table.counters()[0]!.activeConnections === 0))
})

test('a deleted destination keeps its connections; a deleted service resets them and stops listening', async (t, way) => {
  const { port, key, add, server, plane } = await stage(t, way)
  const a = await server(NAME_AND_ECHO('a'))
  await add(a)
  const old = client(port)
  await until(() => old.text() === 'a')
  await plane.apply({ kind: 'deleteDestination', key, destination: destinationOf(a.address, a.port) })
  old.socket.write('!')
  t.true(await until(() => old.text() === 'a!'))
  await plane.apply({ kind: 'deleteService', key })
  t.true(await until(() => old.fate() === 'ECONNRESET'))
  t.is(await whoAnswers(port), 'ECONNREFUSED')
})

test('a FIN is passed as a FIN in both directions, and the other direction goes on', async (t, way) => {
  const { port, add, server, plane } = await stage(t, way)
  const received: string[] = []
  const a = await server(socket => {
    socket.on('data', chunk => received.push(chunk.toString()))
    socket.on('end', () => socket.write('after your end, '))
  })
  await add(a)
  const visitor = client(port)
  await once(visitor.socket, 'connect')
  visitor.socket.end('question')
  t.true(await until(() => visitor.text() === 'after your end, '))
  t.deepEqual(received, ['question'])
  t.is(visitor.fate(), 'open')
  t.deepEqual(
    plane.table.counters().map(c => [c.activeConnections, c.inactiveConnections]),
    [[0, 1]],
  )
  a.sockets[0]!.end('good bye')
  t.true(await until(() => visitor.fate() === 'end'))
  t.is(visitor.text(), 'after your end, good bye')

  const second = client(port)
  t.true(await until(() => a.sockets.length === 2))
  a.sockets[1]!.end('server first')
  t.true(await until(() => second.fate() === 'end'))
  second.socket.end('client later')
  t.true(await until(() => received.includes('client later')))
})

test('a reset is passed as a reset in both directions', async (t, way) => {
  const { port, add, server, plane } = await stage(t, way)
  const fates: string[] = []
  const a = await server(socket => {
    socket.write('hello')
    socket.on('error', (error: NodeJS.ErrnoException) => fates.push(error.code ?? ''))
    socket.on('data', () => {})
  })
  await add(a)
  const one = client(port)
  await until(() => one.text() === 'hello')
  one.socket.resetAndDestroy()
  t.true(await until(() => fates.includes('ECONNRESET')))
  const two = client(port)
  await until(() => two.text() === 'hello')
  a.sockets[1]!.resetAndDestroy()
  t.true(await until(() => two.fate() === 'ECONNRESET'))
  t.true(await until(() => plane.table.counters()[0]!.activeConnections === 0))
})

test('ten megabytes arrive unchanged in both directions, also through a slow reader', async (t, way) => {
  const { port, add, server } = await stage(t, way)
  const data = randomBytes(10 << 20)
  const digest = createHash('sha256').update(data).digest('hex')
  const a = await server(socket => socket.pipe(socket))
  await add(a)
  const visitor = client(port)
  visitor.socket.removeAllListeners('data')
  visitor.socket.end(data)
  const echo = createHash('sha256')
  let pauses = 0
  visitor.socket.on('data', chunk => {
    echo.update(chunk)
    if (++pauses % 16 === 0) {
      visitor.socket.pause()
      setImmediate(() => visitor.socket.resume())
    }
  })
  visitor.socket.resume()
  await once(visitor.socket, 'end')
  t.is(echo.digest('hex'), digest)
})

test('a reader that stops holds the sender back instead of filling the memory', async (t, way) => {
  const { port, add, server } = await stage(t, way)
  let sent = 0
  const a = await server(socket => {
    const piece = Buffer.alloc(1 << 20)
    const more = (): void => {
      while (sent < 200 << 20) {
        sent += piece.length
        if (!socket.write(piece)) break
      }
      socket.once('drain', more)
    }
    more()
  })
  await add(a)
  const visitor = client(port)
  visitor.socket.pause()
  await until(() => sent > 0)
  let last = -1
  await until(() => {
    const still = sent === last
    last = sent
    return still && sent > 1 << 20
  })
  t.true(sent < 50 << 20, `${sent} bytes were taken`)
  visitor.socket.destroy()
})

test('a refusing server is passed over for the next one', async (t, way) => {
  const { port, add, server } = await stage(t, way)
  const dead = await startServer(() => {})
  await dead.close()
  await add(dead)
  await add(await server(NAME_AND_ECHO('b')))
  for (let n = 0; n < 4; n++) t.is(await whoAnswers(port), 'b')
})

test('when every server refuses the client is reset after a bounded number of attempts', async (t, way) => {
  const { port, add, plane } = await stage(t, way)
  for (let n = 0; n < 5; n++) {
    const dead = await startServer(() => {})
    await dead.close()
    await add(dead)
  }
  t.is(await whoAnswers(port), 'ECONNRESET')
  t.true(plane.table.counters().every(c => c.activeConnections + c.inactiveConnections === 0))
})

test('a server that does not accept is given up after the connect time; nothing of the attempt stays', async (t, way) => {
  const deaf = await deafPort()
  t.teardown(() => deaf.close())
  const { port, key, plane, notices } = await stage(
    t,
    way,
    {},
    { connectTimeoutMs: 200, attemptsMax: 2, connectionsMax: 1 },
  )
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf('127.0.0.1', deaf.port) })
  t.is(await whoAnswers(port), 'ECONNRESET')
  t.is(await whoAnswers(port), 'ECONNRESET')
  t.true(
    await until(() => plane.table.counters().every(c => c.activeConnections + c.inactiveConnections === 0)),
  )
  t.deepEqual(notices, [], 'the limit of one connection was never reached')
})

test('a service that is deleted during an attempt resets the client, and its place is free again', async (t, way) => {
  const deaf = await deafPort()
  t.teardown(() => deaf.close())
  const { port, key, plane, notices } = await stage(
    t,
    way,
    {},
    { connectTimeoutMs: 60_000, connectionsMax: 1 },
  )
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf('127.0.0.1', deaf.port) })
  const visitor = client(port)
  t.true(await until(() => plane.table.counters()[0]!.inactiveConnections === 1))
  await plane.apply({ kind: 'deleteService', key })
  t.true(await until(() => visitor.fate() === 'ECONNRESET'))
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key) }), null)
  t.is(await whoAnswers(port), 'ECONNRESET')
  t.deepEqual(notices, [], 'the limit of one connection was never reached')
})

test('an idle connection is reset after the idle time, a busy one is not', async (t, way) => {
  const { port, add, server } = await stage(t, way, {}, { idleTimeoutMs: 600 })
  await add(await server(NAME_AND_ECHO('a')))
  const idle = client(port)
  const busy = client(port)
  const talk = setInterval(() => busy.socket.write('.'), 30)
  t.true(await until(() => idle.fate() === 'ECONNRESET'))
  t.is(busy.fate(), 'open')
  clearInterval(talk)
  busy.socket.destroy()
})

test('a server that accepts and never answers costs its own clients the idle time, and is named', async (t, way) => {
  const { port, add, server, notices } = await stage(t, way, {}, { idleTimeoutMs: 300 })
  const silent = await server(() => {})
  await add(silent)
  await add(await server(NAME_AND_ECHO('b')))
  const waiting = client(port)
  waiting.socket.write('anybody there?')
  t.true(await until(() => silent.sockets.length === 1))
  t.is(await whoAnswers(port), 'b')
  t.true(await until(() => waiting.fate() === 'ECONNRESET'))
  const name = `127.0.0.1:${silent.port}`
  t.true(await until(() => notices.length > 0))
  t.deepEqual(notices, [`proxy: ${name} accepted a connection and said nothing for 0 s; it is reset`])
})

test('connections above the limit are reset, and it is said', async (t, way) => {
  const { port, add, server, notices } = await stage(t, way, {}, { connectionsMax: 1 })
  await add(await server(NAME_AND_ECHO('a')))
  const first = client(port)
  await until(() => first.text() === 'a')
  t.is(await whoAnswers(port), 'ECONNRESET')
  t.true(await until(() => /1 connections are open, the limit/.test(notices.join())))
  first.socket.destroy()
})

test('an upper threshold sends the next client elsewhere', async (t, way) => {
  const { port, add, server } = await stage(t, way, { scheduler: 'fo' })
  await add(await server(NAME_AND_ECHO('a')), { weight: 9, upper: 1 })
  await add(await server(NAME_AND_ECHO('b')))
  const first = client(port)
  await until(() => first.text() === 'a')
  t.is(await whoAnswers(port), 'b')
  first.socket.destroy()
})

test('of a service at all addresses the PROXY header tells the one that was called, IPv4 and IPv6', async (t, way) => {
  const { plane, server } = await stage(t, way)
  const heard: string[] = []
  const a = await server(socket => socket.on('data', chunk => heard.push(chunk.toString('latin1'))))
  for (const [all, family, from, to] of [
    ['0.0.0.0', 'TCP4', '127.0.0.8', '127.0.0.9'],
    ['::', 'TCP6', '::1', '::1'],
  ] as const) {
    const port = await freePort(to)
    const key = tcp(all, port)
    t.is(await plane.apply({ kind: 'addService', service: serviceOf(key) }), null)
    const destination = destinationOf(a.address, a.port, { proxyProtocol: 'v1' })
    await plane.apply({ kind: 'addDestination', key, destination })
    const visitor = client(port, to, from)
    await until(() => heard.join('').endsWith('\r\n'))
    t.is(heard.splice(0).join(''), `PROXY ${family} ${from} ${to} ${visitor.socket.localPort} ${port}\r\n`)
    visitor.socket.destroy()
  }
})

test('lc counts open connections', async (t, way) => {
  const { port, add, server } = await stage(t, way, { scheduler: 'lc' })
  await add(await server(NAME_AND_ECHO('a')))
  await add(await server(NAME_AND_ECHO('b')))
  const open = []
  for (let n = 0; n < 4; n++) {
    const visitor = client(port)
    await until(() => visitor.text() !== '')
    open.push(visitor)
  }
  t.deepEqual(
    open.map(visitor => visitor.text()),
    ['a', 'b', 'a', 'b'],
  )
  for (const visitor of open) visitor.socket.destroy()
})

test('persistence keeps a client on its server, by address', async (t, way) => {
  const { port, add, server } = await stage(t, way, { persistentSeconds: 60 })
  await add(await server(NAME_AND_ECHO('a')))
  await add(await server(NAME_AND_ECHO('b')))
  const seen = []
  for (const from of ['127.0.0.2', '127.0.0.3', '127.0.0.2', '127.0.0.2', '127.0.0.3']) {
    seen.push(await whoAnswers(port, '127.0.0.1', from))
  }
  t.deepEqual(seen, ['a', 'b', 'a', 'a', 'b'])
})

test('a taken address is waited for while the service exists', async (t, way) => {
  const { plane, server, notices } = await stage(t, way, {}, { listenRetryMs: 10 })
  const occupant = await startServer(NAME_AND_ECHO('occupant'))
  const key = tcp('127.0.0.1', occupant.port)
  const a = await server(NAME_AND_ECHO('a'))
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key) }), null)
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf(a.address, a.port) })
  t.regex(notices.at(-1) ?? '', /waiting for the address 127\.0\.0\.1:\d+: it is in use by another process/)
  await occupant.close()
  t.true(await until(() => /listening on/.test(notices.at(-1) ?? '')))
  t.is(await whoAnswers(occupant.port), 'a')
})

test('an address that this machine does not have is waited for; deleting the service ends the waiting', async (t, way) => {
  const { plane, notices } = await stage(t, way, {}, { listenRetryMs: 10 })
  const key = tcp('192.0.2.1', 8080)
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key) }), null)
  t.regex(notices.at(-1) ?? '', /does not have the address yet/)
  t.is(await plane.apply({ kind: 'deleteService', key }), null)
})

test('gate is forwarded as masq, said once', async (t, way) => {
  const { port, add, server, notices } = await stage(t, way)
  await add(await server(NAME_AND_ECHO('a')), { method: 'gate' })
  await add(await server(NAME_AND_ECHO('b')), { method: 'ipip' })
  t.is(await whoAnswers(port), 'a')
  t.is(notices.filter(notice => /as masq/.test(notice)).length, 1)
})

test('IPv6 is forwarded to IPv4 and back', async (t, way) => {
  const { plane, server } = await stage(t, way)
  const probe = await startServer(() => {}, '::1').catch(() => null)
  if (probe === null) {
    t.pass('this machine has no ::1')
    return
  }
  await probe.close()
  const key = tcp('::1', probe.port)
  const a = await server(NAME_AND_ECHO('a'))
  await plane.apply({ kind: 'addService', service: serviceOf(key) })
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf(a.address, a.port) })
  t.is(await whoAnswers(probe.port, '::1'), 'a')
})
