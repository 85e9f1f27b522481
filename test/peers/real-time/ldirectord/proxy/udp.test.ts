// UDP services of the proxy, on real sockets of 127.0.0.0/8.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import type { ProxyProtocol, Service, ServiceKey } from '../../../../../src/ldirectord/core/table.js'
import { proxyHeader } from '../../../../../src/ldirectord/proxy/core/proxy-header.js'
import { DataPlane } from '../../../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings, type ProxySettings } from '../../../../../src/ldirectord/proxy/io/settings.js'
import { destinationOf, serviceOf } from '../../../../ldirectord/proxy/table-values.js'
import { until } from '../../until.js'

async function bound(t: ExecutionContext, address = '127.0.0.1', port = 0): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  t.teardown(() => {
    try {
      socket.close()
    } catch {} // the test closed it
  })
  return socket
}

/** A real server that answers NAME:QUESTION, and its port. */
async function namedServer(t: ExecutionContext, name: string): Promise<{ socket: Socket; port: number }> {
  const socket = await bound(t)
  socket.on('message', (question, { port, address }) => socket.send(`${name}:${question}`, port, address))
  return { socket, port: socket.address().port }
}

interface Client {
  readonly heard: { readonly text: string; readonly from: RemoteInfo }[]
  readonly port: number
  ask(question: string): Promise<string>
  say(question: string): void
}

async function clientOf(t: ExecutionContext, key: ServiceKey, address?: string): Promise<Client> {
  const socket = await bound(t, address)
  const heard: Client['heard'] = []
  socket.on('message', (answer, from) => heard.push({ text: answer.toString(), from }))
  const { address: to, port } = key as Extract<ServiceKey, { port: number }>
  const say = (question: string) => socket.send(question, port, to)
  return {
    heard,
    port: socket.address().port,
    say,
    async ask(question) {
      const before = heard.length
      say(question)
      await until(() => heard.length > before)
      return heard.at(-1)!.text
    },
  }
}

async function stage(
  t: ExecutionContext,
  over: Partial<Service> = {},
  settings: Partial<ProxySettings> = {},
  address = '127.0.3.9',
) {
  const notices: string[] = []
  const plane = new DataPlane({ ...defaultSettings(), ...settings }, (_level, text) => notices.push(text))
  t.teardown(() => plane.closeAll())
  const free = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  free.bind(0, address)
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  const key: ServiceKey = { protocol: 'udp', family: address.includes(':') ? 6 : 4, address, port }
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key, over) }), null)
  const edit = (
    kind: 'addDestination' | 'editDestination' | 'deleteDestination',
    server: number,
    weight = 1,
  ) => plane.apply({ kind, key, destination: destinationOf('127.0.0.1', server, { weight }) })
  const sessions = () => plane.table.counters().map(({ inactiveConnections }) => inactiveConnections)
  return { plane, key, edit, sessions, notices }
}

test('answers come from the address and port that were asked, and a client keeps its server', async t => {
  const { key, edit, sessions } = await stage(t)
  for (const name of ['a', 'b']) await edit('addDestination', (await namedServer(t, name)).port)
  const [first, second] = [await clientOf(t, key), await clientOf(t, key)]
  t.deepEqual([await first.ask('1'), await second.ask('2'), await first.ask('3')], ['a:1', 'b:2', 'a:3'])
  const { from } = first.heard[0]!
  t.like(key, { address: from.address, port: from.port })
  t.deepEqual(sessions(), [1, 1])
})

test('a service of IPv6 forwards to a server of IPv4', async t => {
  const { key, edit } = await stage(t, {}, {}, '::1')
  await edit('addDestination', (await namedServer(t, 'a')).port)
  t.is(await (await clientOf(t, key, '::1')).ask('x'), 'a:x')
})

test('with the PROXY protocol each datagram says who sent it to whom; version 1 knows no datagrams', async t => {
  const { key, plane } = await stage(t)
  const received: Buffer[] = []
  const server = await bound(t)
  server.on('message', datagram => received.push(datagram))
  const destination = (proxyProtocol: ProxyProtocol) =>
    destinationOf('127.0.0.1', server.address().port, { proxyProtocol })
  await plane.apply({ kind: 'addDestination', key, destination: destination('v2') })
  const client = await clientOf(t, key, '127.0.3.7')
  for (const text of ['one', 'two']) client.say(text)
  await until(() => received.length === 2)
  await plane.apply({ kind: 'editDestination', key, destination: destination('v1') })
  client.say('three')
  await until(() => received.length === 3)
  const { address, port } = key as Extract<ServiceKey, { port: number }>
  const ends = {
    protocol: 'udp',
    from: { address: '127.0.3.7', port: client.port },
    to: { address, port },
  } as const
  const header = proxyHeader('v2', ends).toString('latin1')
  t.deepEqual(
    received.map(datagram => datagram.toString('latin1')).sort(),
    [`${header}one`, `${header}two`, 'three'].sort(),
  )
})

test('of a UDP service at all addresses the header names the address of the file: which one was called nobody tells', async t => {
  const { key, plane } = await stage(t, {}, {}, '0.0.0.0')
  const server = await bound(t)
  const heard = once(server, 'message')
  const destination = destinationOf('127.0.0.1', server.address().port, { proxyProtocol: 'v2' })
  await plane.apply({ kind: 'addDestination', key, destination })
  const { port } = key as Extract<ServiceKey, { port: number }>
  const client = await clientOf(t, { ...key, address: '127.0.3.9' } as ServiceKey, '127.0.3.7')
  client.say('one')
  const [datagram] = (await heard) as [Buffer]
  const ends = {
    protocol: 'udp',
    from: { address: '127.0.3.7', port: client.port },
    to: { address: '0.0.0.0', port },
  } as const
  t.is(datagram.toString('latin1'), `${proxyHeader('v2', ends).toString('latin1')}one`)
})

test('weight 0 keeps a session; a removed server loses it to another one', async t => {
  const { key, edit } = await stage(t)
  const a = await namedServer(t, 'a')
  await edit('addDestination', a.port)
  const client = await clientOf(t, key)
  t.is(await client.ask('1'), 'a:1')
  await edit('addDestination', (await namedServer(t, 'b')).port)
  await edit('editDestination', a.port, 0)
  t.is(await client.ask('2'), 'a:2')
  t.is(await (await clientOf(t, key)).ask('3'), 'b:3')
  await edit('deleteDestination', a.port)
  t.is(await client.ask('4'), 'b:4')
})

test('a quiet session ends after the idle time', async t => {
  const { key, edit, sessions } = await stage(t, {}, { udpIdleTimeoutMs: 600 })
  await edit('addDestination', (await namedServer(t, 'a')).port)
  await (await clientOf(t, key)).ask('1')
  t.deepEqual(sessions(), [1])
  t.true(await until(() => sessions()[0] === 0))
})

test('with ops each datagram is scheduled, and its session ends with the answer', async t => {
  const { key, edit, sessions } = await stage(t, { ops: true })
  for (const name of ['a', 'b']) await edit('addDestination', (await namedServer(t, name)).port)
  const client = await clientOf(t, key)
  t.deepEqual([await client.ask('1'), await client.ask('2'), await client.ask('3')], ['a:1', 'b:2', 'a:3'])
  t.deepEqual(sessions(), [0, 0])
})

test('persistence: another port of the same client meets the same server', async t => {
  const { key, edit } = await stage(t, { persistentSeconds: 60 })
  for (const name of ['a', 'b']) await edit('addDestination', (await namedServer(t, name)).port)
  t.is(await (await clientOf(t, key)).ask('1'), 'a:1')
  t.is(await (await clientOf(t, key)).ask('2'), 'a:2')
  t.is(await (await clientOf(t, key, '127.0.0.2')).ask('3'), 'b:3')
})

test('at the limit the session that was quiet longest makes room, and that is said', async t => {
  const { key, edit, sessions, notices } = await stage(t, {}, { connectionsMax: 2 })
  await edit('addDestination', (await namedServer(t, 'a')).port)
  for (const n of [1, 2, 3, 4]) t.is(await (await clientOf(t, key)).ask(`${n}`), `a:${n}`)
  t.deepEqual(sessions(), [2])
  t.regex(notices.join('\n'), /2 connections are open, the limit/)
})

test('a server that refuses ends the session, and its client meets the next one', async t => {
  const { key, edit, sessions } = await stage(t)
  const gone = await namedServer(t, 'gone')
  gone.socket.close()
  await edit('addDestination', gone.port)
  await edit('addDestination', (await namedServer(t, 'b')).port)
  const client = await clientOf(t, key)
  client.say('lost')
  const isAnswered = () => {
    client.say('again')
    return client.heard.some(({ text }) => text === 'b:again')
  }
  t.true(await until(isAnswered))
  t.is(sessions()[0], 0)
})

test('a deleted service sets its port free and takes its sessions along', async t => {
  const { key, edit, plane } = await stage(t)
  await edit('addDestination', (await namedServer(t, 'a')).port)
  await (await clientOf(t, key)).ask('1')
  t.is(await plane.apply({ kind: 'deleteService', key }), null)
  const { address, port } = key as Extract<ServiceKey, { port: number }>
  t.is((await bound(t, address, port)).address().port, port)
})

test('an address that is in use is waited for, with a sentence', async t => {
  const { plane, key, notices } = await stage(t)
  const { address, port } = key as Extract<ServiceKey, { port: number }>
  t.is(await plane.apply({ kind: 'deleteService', key }), null)
  const other = await bound(t, address, port)
  t.is(await plane.apply({ kind: 'addService', service: serviceOf(key) }), null)
  t.regex(notices.join('\n'), /waiting for the address .*in use by another process/)
  other.close()
  t.true(await until(() => notices.some(text => text.includes('listening on'))))
})
