/** Real servers and clients on 127.0.0.0/8 for tests of the proxy. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface TestServer {
  readonly address: string
  readonly port: number
  readonly sockets: Socket[]
  close(): Promise<void>
}

export const NAME_AND_ECHO = (name: string) => (socket: Socket) => {
  socket.write(name)
  socket.pipe(socket)
}

export async function startServer(
  onConnection: (socket: Socket) => void,
  address = '127.0.0.1',
): Promise<TestServer> {
  const sockets: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    address,
    port: (server.address() as AddressInfo).port,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface TestClient {
  readonly socket: Socket
  /** Everything received so far. */
  text(): string
  /** How the connection ended: FIN from the other side, an error's code, or not yet. */
  fate(): 'open' | 'end' | string
}

export function client(port: number, address = '127.0.0.1', localAddress?: string): TestClient {
  const socket = connect({ port, host: address, allowHalfOpen: true, ...(localAddress && { localAddress }) })
  let text = ''
  let fate = 'open'
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  socket.on('end', () => {
    if (fate === 'open') fate = 'end'
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    fate = error.code ?? error.message
  })
  return { socket, text: () => text, fate: () => fate }
}

/** Opens a connection, reads the name of the server that answers, leaves. */
export async function whoAnswers(
  port: number,
  address = '127.0.0.1',
  localAddress?: string,
): Promise<string> {
  const visitor = client(port, address, localAddress)
  await new Promise<void>(resolve => {
    for (const event of ['data', 'end', 'error']) visitor.socket.once(event, () => resolve())
  })
  visitor.socket.destroy()
  return visitor.text() || visitor.fate()
}
