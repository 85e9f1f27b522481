/** Servers on 127.0.0.1 (or ::1) that misbehave on command, for the contract of the checks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export interface ScriptedServer {
  readonly port: number
  /** What clients sent, in order of their connections. */
  readonly heard: string[]
  /** Connections that clients have not closed yet. */
  open(): number
  close(): Promise<void>
}

export type Script = (socket: Socket, request: string) => void

/**
 * Calls the script once per connection: at once when `atOnce`, else when the head of a request has come. `tls: true`
 * shows an expired certificate of another name that it issued itself.
 */
export async function serve(
  script: Script,
  {
    tls = false,
    atOnce = false,
    allowHalfOpen = false,
    address = '127.0.0.1',
  }: { tls?: boolean | TlsOptions; atOnce?: boolean; allowHalfOpen?: boolean; address?: string } = {},
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  const heard: string[] = []
  const talk = (socket: Socket): void => {
    socket.on('error', () => {})
    if (atOnce) {
      script(socket, '')
      return
    }
    let request = ''
    socket.on('data', chunk => {
      request += chunk.toString('latin1')
      if (!request.includes('\r\n\r\n')) return
      heard.push(request)
      script(socket, request)
      request = ''
    })
  }
  const server: Server = tls
    ? createTlsServer(tls === true ? { key: EXPIRED_KEY, cert: EXPIRED_CERTIFICATE } : tls, talk)
    : createServer({ allowHalfOpen }, talk)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A port that refuses: bound a moment ago and free again. */
export async function refusingPort(address = '127.0.0.1'): Promise<number> {
  const server = await serve(() => {}, { address })
  await server.close()
  return server.port
}

/** A port that does not even accept: its process is stopped and its queue of connections is full. */
export async function deafPort(): Promise<{ port: number; close(): void }> {
  const program = `require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, function () {
    process.stdout.write(String(this.address().port)) })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [data] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(data)
  child.kill('SIGSTOP')
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await Promise.all(fillers.slice(0, 2).map(filler => once(filler, 'connect')))
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
    },
  }
}

// A throw-away key with a certificate for CN=expired.example that was valid on one day of 2020.
const EXPIRED_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgED1Ibl/AJeNqMK9o
Hzj3eb4WF/HMcdo6epvtqnH9kI6hRANCAATDc1kXAP1PgZ2ov/P4U3OCGhGFw4pg
CPttkEakFmhWKexXQcf2N1k0En5GwwRK5Cg9rr1o/zCCJ81Ne4KRJOBt
-----END PRIVATE KEY-----
`
const EXPIRED_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBGjCBwgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9leHBpcmVkLmV4YW1w
bGUwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMTAyMDAwMDAwWjAaMRgwFgYDVQQDDA9l
eHBpcmVkLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATDc1kXAP1P
gZ2ov/P4U3OCGhGFw4pgCPttkEakFmhWKexXQcf2N1k0En5GwwRK5Cg9rr1o/zCC
J81Ne4KRJOBtMAoGCCqGSM49BAMCA0cAMEQCIHHJy2Co6CL2JBQvy63rldCqvqP+
p4uh6uCTSX1DKeIcAiA6X4Tq6T+UcKBgQTI8aCuGBsH1cPzfKnwZJ5zPrwX8Fg==
-----END CERTIFICATE-----
`
