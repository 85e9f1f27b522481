/**
 * One forwarded connection: a client's socket, a real server's socket and the pipes between them. What one side
 * does the other side sees: a FIN stays a FIN (the other direction goes on), a reset becomes a reset. The copying
 * and the back-pressure are node's own pipe; nothing here runs per chunk.
 */
import { connect, type Socket } from 'node:net'
import { machineMs } from '../../../base/io/real-clock.js'
import type { Complaints } from '../core/complaints.js'
import type { ForwardedFor } from '../core/forwarded-for.js'
import type { LiveDestination } from '../core/live-destination.js'
import { carryRequests } from './carry-requests.js'
import type { ProxySettings } from './settings.js'

export interface ConnectionContext {
  readonly settings: ProxySettings
  /** The next destination to try, null when there is none. */
  choose(tried: ReadonlySet<LiveDestination>): LiveDestination | null
  /** What a real server is told of the client first; null: nothing. */
  header(destination: LiveDestination): Buffer | null
  /** What the bytes of the client go through. */
  readonly requests: ForwardedFor | null
  readonly complaints: Complaints
  /** Called once, when both sockets are closed. */
  ended(connection: ProxiedConnection): void
}

const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true, highWaterMark: 65_536 }

type Counted = 'none' | 'inactive' | 'active'

export class ProxiedConnection {
  readonly #client: Socket
  readonly #context: ConnectionContext
  readonly #tried = new Set<LiveDestination>()
  #real: Socket | null = null
  #destination: LiveDestination | null = null
  #counted: Counted = 'none'
  #ended = false
  #bytesSeen = 0
  #quietSinceMs: number

  constructor(client: Socket, context: ConnectionContext, nowMs: number) {
    this.#client = client
    this.#context = context
    this.#quietSinceMs = nowMs
    client.on('error', () => this.reset())
    client.on('close', () => this.#closed())
    this.#tryNext()
  }

  /** Ends both sides at once, with a reset. */
  reset(): void {
    resetSocket(this.#client)
    if (this.#real) resetSocket(this.#real)
  }

  /** Resets the connection when nothing has moved for the idle time. Called now and then. */
  resetIfIdle(nowMs: number): void {
    const bytes = this.#client.bytesRead + (this.#real?.bytesRead ?? 0)
    if (bytes !== this.#bytesSeen) {
      this.#bytesSeen = bytes
      this.#quietSinceMs = nowMs
      return
    }
    const { settings, complaints } = this.#context
    if (nowMs - this.#quietSinceMs < settings.idleTimeoutMs) return
    if (this.#destination && this.#real?.bytesRead === 0)
      complaints.neverAnswered(this.#destination, settings.idleTimeoutMs, nowMs)
    this.reset()
  }

  #tryNext(): void {
    const { settings } = this.#context
    const destination = this.#tried.size < settings.attemptsMax ? this.#context.choose(this.#tried) : null
    if (destination === null) {
      // IPVS answers a connection without a server by an immediate refusal too.
      resetSocket(this.#client)
      return
    }
    this.#tried.add(destination)
    this.#destination = destination
    this.#count('inactive')
    const { address, port } = destination.settings
    const real = connect({ ...SOCKET_OPTIONS, host: address, port })
    this.#real = real
    const giveUp = setTimeout(
      () => real.destroy(new Error('no connection in time')),
      settings.connectTimeoutMs,
    )
    real.once('close', () => {
      clearTimeout(giveUp)
      this.#closed()
    })
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRNOTAVAIL') this.#context.complaints.portsExhausted(destination, machineMs())
      this.#count('none')
      this.#real = null
      if (this.#client.destroyed) this.#closed()
      else this.#tryNext()
    }
    real.once('error', failed)
    real.once('connect', () => {
      clearTimeout(giveUp)
      real.off('error', failed)
      this.#join(real)
    })
  }

  #join(real: Socket): void {
    const client = this.#client
    real.on('error', () => this.reset())
    if (client.destroyed) {
      resetSocket(real)
      return
    }
    this.#count('active')
    const halfClosed = (): void => this.#count('inactive')
    client.once('end', halfClosed)
    real.once('end', halfClosed)
    const { requests } = this.#context
    const header = this.#destination && this.#context.header(this.#destination)
    if (header) real.write(header)
    if (requests) carryRequests(client, real, requests, () => this.reset())
    else client.pipe(real)
    real.pipe(client)
  }

  #closed(): void {
    const client = this.#client
    const real = this.#real
    if (this.#ended) return
    if (client.destroyed && (real === null || real.destroyed)) {
      this.#ended = true
      this.#count('none')
      this.#context.ended(this)
      return
    }
    // One side is gone although it had not said everything: the other must not take it for an orderly end.
    if (client.destroyed && real) resetUnlessFinished(real)
    else if (real?.destroyed) resetUnlessFinished(client)
  }

  #count(to: Counted): void {
    if (this.#counted === to) return
    this.#destination?.count(this.#counted, to)
    this.#counted = to
  }
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return
  // A socket that is still connecting has nobody to send a reset to.
  if (socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}

/** A socket that has been told the end and has told its own is only waiting for its last bytes to leave. */
function resetUnlessFinished(socket: Socket): void {
  if (!(socket.readableEnded && socket.writableEnded)) resetSocket(socket)
}
