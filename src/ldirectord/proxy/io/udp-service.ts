/**
 * A UDP service: its socket, and a session for each client address and port. Sessions stand in the order of their last
 * datagram; at the limit the one that was quiet longest makes room, so that a flood of invented clients costs memory
 * up to a bound and real clients their stickiness, never the service. Answers leave by the service's own socket: from
 * the address and port that the client asked.
 */
import { createSocket, type Socket } from 'node:dgram'
import { machineMs } from '../../../base/io/real-clock.js'
import type { LiveDestination } from '../core/live-destination.js'
import type { Client, LiveService } from '../core/live-table.js'
import { proxyHeader } from '../core/proxy-header.js'
import { type ListenerContext, listenRefusal, TEMPORARY } from './service-listener.js'
import type { ProxySettings } from './settings.js'
import { SEND_QUEUE_BYTES_MAX, UdpSession } from './udp-session.js'

export interface UdpServiceContext extends Omit<ListenerContext, 'accept'> {
  readonly settings: ProxySettings
  choose(client: Client, nowMs: number): LiveDestination | null
  /** Takes one place among the connections of the proxy; false when there is none. */
  takePlace(): boolean
  freePlace(): void
  /** Whether another process has the session of this datagram, and gets it. */
  passOn(client: Client, datagram: Buffer): boolean
}

/** Where answers go once another process has the service's socket. */
export interface UdpSuccessor {
  answer(client: Client, datagram: Buffer): void
  ended(client: Client): void
}

export class UdpService {
  readonly #live: LiveService
  readonly #context: UdpServiceContext
  readonly #sessions = new Map<string, UdpSession>()
  #socket: Socket | null = null
  #retry: NodeJS.Timeout | null = null
  #isClosed = false
  #isWaiting = false
  #packets = 0
  #successor: UdpSuccessor | null = null

  constructor(live: LiveService, context: UdpServiceContext) {
    this.#live = live
    this.#context = context
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** What it listens on; null while it waits for its address. */
  get socket(): Socket | null {
    return this.#socket
  }

  /** The clients of sessions that go on with their next datagram. */
  get clients(): readonly Client[] {
    return this.#live.settings.ops ? [] : [...this.#sessions.values()].map(session => session.client)
  }

  /**
   * Resolves after the first attempt: null when it listens or waits, else one sentence.
   * @param inherited a bound socket from another process
   */
  open(inherited?: Socket): Promise<string | null> {
    if (inherited) {
      this.#listenOn(inherited)
      return Promise.resolve(null)
    }
    const { address, port, family } = this.#live.key
    return new Promise(resolve => {
      const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6 })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        socket.close()
        const reason = TEMPORARY[error.code ?? '']
        if (reason !== undefined) this.#waitForAddress(reason)
        resolve(reason === undefined ? listenRefusal(error, this.#live.key) : null)
      })
      socket.bind({ address, port, exclusive: true }, () => {
        socket.removeAllListeners('error')
        this.#listenOn(socket)
        if (this.#isWaiting) this.#context.waiting(null)
        this.#isWaiting = false
        resolve(null)
      })
    })
  }

  /** Another process has the socket from now on; the sessions go on through it. */
  retire(successor: UdpSuccessor): void {
    this.#successor = successor
    this.#leaveSocket()
  }

  close(): void {
    this.#leaveSocket()
    for (const session of [...this.#sessions.values()]) session.close()
  }

  closeIdle(now: number): void {
    const { udpIdleTimeoutMs, onePacketAnswerMs } = this.#context.settings
    const limitMs = this.#live.settings.ops ? onePacketAnswerMs : udpIdleTimeoutMs
    for (const session of [...this.#sessions.values()]) {
      if (now - session.lastMs < limitMs) return // the later ones are younger still
      session.close()
    }
  }

  /** An answer of a session that another process has. */
  answerFor(client: Client, datagram: Buffer): void {
    this.#send(client, datagram)
  }

  #leaveSocket(): void {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    this.#socket?.close()
    this.#socket = null
  }

  #listenOn(socket: Socket): void {
    socket.on('error', () => {}) // of one datagram; the socket goes on
    if (this.#isClosed) socket.close()
    else this.#socket = socket
    socket.on('message', (datagram, from) => this.heard(from, datagram))
  }

  heard({ address, port }: Client, datagram: Buffer): void {
    if (port === 0) return // nobody can be answered there
    const client = { address, port }
    const now = machineMs()
    const { ops } = this.#live.settings
    const key = ops ? `${address} ${port} ${++this.#packets}` : `${address} ${port}`
    const known = this.#sessions.get(key)
    // Unlike a TCP connection nothing would ever end a session of a removed server whose client goes on talking.
    if (known && !known.destination.isInTable) known.close()
    const session = this.#sessions.get(key) ?? this.#beginOrPass(key, client, datagram, now)
    if (session === null) return
    this.#touch(session, now)
    session.send(this.#introduced(session, datagram))
  }

  /** With the PROXY protocol each datagram has a header of its own; version 1 knows no datagrams. */
  #introduced({ client: from, destination }: UdpSession, datagram: Buffer): Buffer {
    const { key: to } = this.#live
    if (destination.settings.proxyProtocol !== 'v2') return datagram
    return Buffer.concat([proxyHeader('v2', { protocol: 'udp', from, to }), datagram])
  }

  #beginOrPass(key: string, client: Client, datagram: Buffer, now: number): UdpSession | null {
    // A session begins where the socket is; who asks here for one that is over asks there anew.
    if (this.#successor !== null || this.#context.passOn(client, datagram)) return null
    return this.#begin(key, client, now)
  }

  #begin(key: string, client: Client, now: number): UdpSession | null {
    const destination = this.#context.choose(client, now)
    if (destination === null || !this.#makeRoom()) return null
    const session = new UdpSession(
      key,
      client,
      destination,
      {
        answer: datagram => this.#answer(session, datagram, client),
        ended: () => {
          this.#sessions.delete(key)
          this.#context.freePlace()
          this.#successor?.ended(client)
        },
      },
      now,
    )
    this.#sessions.set(key, session)
    return session
  }

  #makeRoom(): boolean {
    if (this.#context.takePlace()) return true
    const [oldest] = this.#sessions.values()
    oldest?.close()
    return oldest !== undefined && this.#context.takePlace()
  }

  #send({ address, port }: Client, datagram: Buffer): void {
    const socket = this.#socket
    if (socket && socket.getSendQueueSize() < SEND_QUEUE_BYTES_MAX) {
      socket.send(datagram, port, address, () => {}) // a client that cannot be reached loses its answer
    }
  }

  #answer(session: UdpSession, datagram: Buffer, client: Client): void {
    if (this.#successor) this.#successor.answer(client, datagram)
    else this.#send(client, datagram)
    if (this.#live.settings.ops) session.close()
    else this.#touch(session, machineMs())
  }

  /** Keeps the map in the order of use. */
  #touch(session: UdpSession, now: number): void {
    session.lastMs = now
    this.#sessions.delete(session.key)
    this.#sessions.set(session.key, session)
  }

  #waitForAddress(reason: string): void {
    if (this.#isClosed) return
    if (!this.#isWaiting) this.#context.waiting(reason)
    this.#isWaiting = true
    this.#retry = setTimeout(() => void this.open(), this.#context.retryMs)
  }
}
