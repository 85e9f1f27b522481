/** Servers on 127.0.0.1 that follow a script of replies, over TCP and UDP, and remember every byte they were sent. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type ScriptedServer, serve } from './scripted-server.js'

/** The reply to the first pattern that a line matches; null closes. `$1` is the pattern's first group. */
export type Replies = readonly (readonly [pattern: RegExp, reply: string | null])[]

export interface LineServer extends ScriptedServer {
  /** What each connection sent, as latin1, in order. */
  readonly sent: string[]
}

export async function lineServer(
  greeting: string,
  replies: Replies,
  {
    tls = false,
    otherwise = '500 what\r\n',
    address = '127.0.0.1',
  }: { tls?: boolean; otherwise?: string; address?: string } = {},
): Promise<LineServer> {
  const sent: string[] = []
  const server = await serve(
    socket => {
      const index = sent.push('') - 1
      let pending = ''
      socket.write(greeting)
      socket.on('data', chunk => {
        const text = chunk.toString('latin1')
        sent[index] += text
        const lines = (pending + text).split('\r\n')
        pending = lines.pop()!
        for (const line of lines) answer(socket, line, replies, otherwise)
      })
    },
    { tls, atOnce: true, address },
  )
  return { ...server, sent }
}

function answer(socket: Socket, line: string, replies: Replies, otherwise: string): void {
  for (const [pattern, reply] of replies) {
    const found = pattern.exec(line)
    if (!found) continue
    if (reply === null) socket.destroy()
    else if (socket.writable) socket.write(reply.replaceAll('$1', found[1] ?? ''))
    return
  }
  if (socket.writable) socket.write(otherwise)
}

/** Answers what came first and closes; every later byte is remembered too. */
export async function onceServer(
  reply: (request: Buffer) => Uint8Array,
  { tls = false, address = '127.0.0.1' }: { tls?: boolean; address?: string } = {},
): Promise<LineServer> {
  const sent: string[] = []
  const server = await serve(
    socket => {
      const index = sent.push('') - 1
      socket.once('data', chunk => socket.end(reply(chunk as Buffer)))
      socket.on('data', chunk => {
        sent[index] += chunk.toString('latin1')
      })
    },
    { tls, atOnce: true, address },
  )
  return { ...server, sent }
}

export interface DatagramServer {
  readonly port: number
  readonly sent: Buffer[]
  close(): Promise<void>
}

/** `reply` gives the datagrams that answer the request of this number, from 0. */
export async function datagramServer(
  reply: (request: Buffer, number: number) => readonly Uint8Array[],
  address = '127.0.0.1',
): Promise<DatagramServer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const sent: Buffer[] = []
  socket.on('message', (request, peer) => {
    const number = sent.push(request) - 1
    for (const answer of reply(request, number)) socket.send(answer, peer.port, peer.address)
  })
  socket.bind(0, address)
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    sent,
    async close() {
      socket.close()
      await once(socket, 'close')
    },
  }
}
