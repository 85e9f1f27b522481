/**
 * One machine of a small network: a program that lives in a network namespace of its own and does what it is told, a line
 * of JSON at a time. `serve` answers each line (or packet) with its name, `ask` connects so many times and tells who
 * answered (a web server's answer ends with its name), `open` and `say` keep one connection, `apply` and its like call the forwarder: nftables, unless `use` chose the
 * user-space proxy.
 *
 *   unshare -n node station.js NAME
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { connect, createServer, isIPv6, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Edit } from '../../../src/ldirectord/core/table.js'
import type { Forwarder } from '../../../src/ldirectord/forwarders/forwarder.js'
import { NFT_PATHS, nftForwarder } from '../../../src/ldirectord/forwarders/nft/nft.js'
import { openProxy } from '../../../src/ldirectord/forwarders/proxy.js'

export interface Target {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  /** The client's own address. */
  readonly from?: string
}

export type Order =
  /** A UDP server on no address in particular answers from the one that its route suggests. */
  | {
      readonly op: 'serve'
      readonly protocol: 'tcp' | 'udp'
      readonly port: number
      readonly address?: string
    }
  | { readonly op: 'ask'; readonly target: Target; readonly times: number }
  /** Datagrams of one socket. */
  | { readonly op: 'send'; readonly target: Target; readonly times: number }
  | { readonly op: 'open'; readonly id: string; readonly target: Target }
  | { readonly op: 'say'; readonly id: string }
  | { readonly op: 'use'; readonly forwarder: 'nft' }
  | {
      readonly op: 'use'
      readonly forwarder: 'proxy'
      readonly program: string
      readonly varRun: string
      /** As proxyworkers. */
      readonly workers?: number
    }
  | { readonly op: 'apply'; readonly edits: readonly Edit[] }
  | { readonly op: 'read' }
  | { readonly op: 'counters' }
  | { readonly op: 'bindings' }

const ANSWER_MS_MAX = 3_000
const QUESTION = 'GET / HTTP/1.1\r\nHost: street\r\n\r\n'
const [name = ''] = process.argv.slice(2)
const opened = new Map<string, Socket>()
let forwarder: Forwarder = nftForwarder(NFT_PATHS[0]!)

function serveTcp(port: number): Promise<void> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(`${name}\n`))
  })
  return new Promise(resolve => server.listen(port, '::', resolve))
}

function serveUdp(port: number, address = '::'): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.on('message', (_, from) => socket.send(name, from.port, from.address))
  return new Promise(resolve => socket.bind(port, address, resolve))
}

/** What the other side writes next, `closed`, `silent`, or the error's code. */
function nextAnswer(socket: Socket): Promise<string> {
  return new Promise(resolve => {
    const done = (text: string): void => {
      clearTimeout(limit)
      socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close')
      socket.on('error', () => {})
      resolve(text)
    }
    const limit = setTimeout(() => done('silent'), ANSWER_MS_MAX)
    socket.once('data', chunk => done(chunk.toString().trim().split('\n').at(-1)!))
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    socket.once('close', () => done('closed'))
  })
}

function dial({ address, port, from }: Target): Socket {
  const socket = connect({ host: address, port, ...(from !== undefined && { localAddress: from }) })
  return socket.on('connect', () => socket.write(QUESTION))
}

function receive(socket: DatagramSocket): Promise<string> {
  return new Promise(resolve => {
    const done = (text: string): void => {
      clearTimeout(limit)
      socket.removeAllListeners('message').removeAllListeners('error')
      resolve(text)
    }
    const limit = setTimeout(() => done('silent'), ANSWER_MS_MAX)
    socket.once('message', chunk => done(chunk.toString()))
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
  })
}

async function send({ address, port, from }: Target, times: number): Promise<string[]> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  await new Promise<void>(resolve => socket.bind(0, from, () => socket.connect(port, address, resolve)))
  const answers: string[] = []
  for (let turn = 0; turn < times; turn++) {
    const answer = receive(socket)
    socket.send('who')
    answers.push(await answer)
  }
  socket.close()
  return answers
}

async function ask(target: Target, times: number): Promise<string[]> {
  const answers: string[] = []
  for (let turn = 0; turn < times; turn++) {
    if (target.protocol === 'udp') answers.push(...(await send(target, 1)))
    else {
      const socket = dial(target)
      answers.push(await nextAnswer(socket))
      socket.destroy()
    }
  }
  return answers
}

async function obey(order: Order): Promise<unknown> {
  const signal = AbortSignal.timeout(10_000)
  switch (order.op) {
    case 'serve':
      await (order.protocol === 'tcp' ? serveTcp(order.port) : serveUdp(order.port, order.address))
      return null
    case 'ask':
      return ask(order.target, order.times)
    case 'send':
      return send(order.target, order.times)
    case 'open': {
      const socket = dial(order.target)
      opened.set(order.id, socket)
      return nextAnswer(socket)
    }
    case 'say': {
      const socket = opened.get(order.id)!
      const answer = nextAnswer(socket)
      socket.write(QUESTION)
      return answer
    }
    case 'use':
      await forwarder.close()
      forwarder =
        order.forwarder === 'nft'
          ? nftForwarder(NFT_PATHS[0]!)
          : await openProxy({ ...order, instance: 'street', log: () => {} })
      return null
    case 'apply':
      return (await forwarder.apply(order.edits, signal)).map(({ error }) => error)
    case 'read':
      return forwarder.read(signal)
    case 'counters':
      return forwarder.counters(signal)
    case 'bindings':
      return [...((await forwarder.bindings?.(signal))?.templates ?? [])]
  }
}

process.stdout.write('"ready"\n')
createInterface({ input: process.stdin })
  .on('line', line => {
    void obey(JSON.parse(line) as Order).then(
      answer => process.stdout.write(`${JSON.stringify(answer)}\n`),
      (error: Error) => process.stdout.write(`${JSON.stringify({ failed: error.message })}\n`),
    )
  })
  .on('close', () => process.exit(0))
