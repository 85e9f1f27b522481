/**
 * The two ends of many idle connections, a process each: `serve` holds whatever comes and echoes, `visit` opens as many
 * as it is told, from several source addresses because each has only some 28 000 ports. Both talk to their parent.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const OPENING_MAX = 256
const SOURCES = 8
export const ASKED = 200

export interface Opened {
  readonly opened: number
  readonly failed: number
}

async function serve(port: number, addresses: readonly string[]): Promise<void> {
  for (const host of addresses) {
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.pipe(socket)
    })
    server.listen({ port, host, backlog: 4_096 })
    await once(server, 'listening')
  }
  process.send?.('ready')
}

/** null when it cannot be opened. */
function open(host: string, port: number, localAddress: string): Promise<Socket | null> {
  return new Promise(resolve => {
    const socket = connect({ host, port, localAddress, noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.on('error', () => resolve(null))
  })
}

const echo = (socket: Socket): Promise<boolean> =>
  new Promise(resolve => {
    socket.once('data', () => resolve(true))
    socket.once('close', () => resolve(false))
    socket.write('?')
  })

async function visit(host: string, port: number, count: number): Promise<void> {
  const sockets: Socket[] = []
  let failed = 0
  let begun = 0
  const opening = async (): Promise<void> => {
    while (begun < count) {
      const socket = await open(host, port, `127.0.2.${1 + (begun++ % SOURCES)}`)
      if (socket) sockets.push(socket)
      else failed++
    }
  }
  await Promise.all(Array.from({ length: OPENING_MAX }, opening))
  process.send?.({ opened: sockets.length, failed } satisfies Opened)
  await once(process, 'message')
  // Not all at once: whether they are alive is asked, not how fast.
  let alive = 0
  const step = Math.max(1, Math.floor(sockets.length / ASKED))
  for (let at = 0; at < sockets.length; at += step) if (await echo(sockets[at]!)) alive++
  process.send?.(alive)
}

const [role, host = '', port = '', count = ''] = process.argv.slice(2)
process.on('disconnect', () => process.exit())
if (role === 'serve') await serve(Number(port), host.split(','))
else await visit(host, Number(port), Number(count))
