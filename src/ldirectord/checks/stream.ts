/**
 * The one TCP or TLS connection of a check: opened here, followed for the runner (`progress`), closed when the signal
 * aborts.
 */
import { type Socket, connect as tcp } from 'node:net'
import { type TLSSocket, connect as tls } from 'node:tls'
import type { Probe, Progress } from './check.js'
import { protocolFault } from './system-error.js'
import { noteCertificate, type TlsOptions } from './tls.js'

/** How long a farewell may need to leave this machine. */
const FAREWELL_MS_MAX = 1_000

export interface StreamOptions {
  /** null: no TLS. */
  readonly secure: TlsOptions | null
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** A connection that is being made. It may be handed to a library at once, which then sees all its events. */
export function startStream(probe: Probe, { secure, signal, progress }: StreamOptions): Socket {
  const to = { host: probe.address, port: probe.port }
  const socket = secure === null ? tcp(to) : tls({ ...to, ...secure })
  progress.reached = 'connecting'
  socket.once('connect', () => {
    progress.reached = secure === null ? 'asking' : 'securing'
  })
  socket.once('secureConnect', () => {
    progress.reached = 'asking'
    noteCertificate(socket as TLSSocket, probe, progress)
  })
  // Who awaits something of this socket hears of the error; nobody else needs to.
  socket.on('error', () => {})
  const abort = (): void => {
    socket.destroy()
  }
  signal.addEventListener('abort', abort, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', abort))
  if (signal.aborted) abort()
  return socket
}

/** Resolves when the connection, and TLS on it, stands. */
export function opened(socket: Socket, isSecure: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(isSecure ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(socket.errored ?? protocolFault('closed')))
  })
}

/** Ends a connection whose server says more than a check reads; for sockets that a library reads. */
export function limitBytes(socket: Socket, bytesMax: number): void {
  let bytes = 0
  socket.on('data', (chunk: Buffer | string) => {
    bytes += chunk.length
    if (bytes > bytesMax) socket.destroy(protocolFault(`the answer is longer than ${bytesMax} bytes`))
  })
}

/** Ends a connection whose first bytes are of another protocol, where a library would wait for more of them. */
export function expectStart(socket: Socket, protocol: string, isRight: (first: Buffer) => boolean): void {
  socket.once('data', (chunk: Buffer) => {
    if (!isRight(chunk)) socket.destroy(protocolFault(`the answer is not ${protocol}`))
  })
}

/** Says good-bye without waiting for an answer: the verdict is known. */
export function hangUp(socket: Socket, farewell: string): void {
  if (!socket.writable || socket.connecting || farewell === '') {
    socket.destroy()
    return
  }
  socket.setTimeout(FAREWELL_MS_MAX, () => socket.destroy())
  socket.write(`${farewell}\r\n`)
  socket.destroySoon()
}
