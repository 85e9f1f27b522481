/**
 * One UDP session: what a client's address and port sent, to one real server, over a socket of its own. The socket is
 * connected, so that answers of strangers never reach the client and a refusal (ICMP) is heard.
 */
import { createSocket, type Socket } from 'node:dgram'
import type { LiveDestination } from '../core/live-destination.js'
import type { Client } from '../core/live-table.js'

/** Datagrams that wait for the socket to be connected, which takes one turn of the event loop. */
const EARLY_MAX = 16
/** What may wait in a socket that cannot send; beyond it datagrams are lost, as UDP loses them. */
export const SEND_QUEUE_BYTES_MAX = 1_048_576

export interface UdpSessionContext {
  answer(datagram: Buffer, client: Client): void
  /** Called once; the session is then closed. */
  ended(session: UdpSession): void
}

export class UdpSession {
  readonly key: string
  readonly destination: LiveDestination
  lastMs: number
  readonly client: Client
  readonly #context: UdpSessionContext
  readonly #socket: Socket
  #early: Buffer[] | null = []
  #isClosed = false

  constructor(
    key: string,
    client: Client,
    destination: LiveDestination,
    context: UdpSessionContext,
    nowMs: number,
  ) {
    this.key = key
    this.destination = destination
    this.lastMs = nowMs
    this.client = client
    this.#context = context
    const { address, port } = destination.settings
    // IPVS counts what has no state of its own as inactive.
    destination.count('none', 'inactive')
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    this.#socket = socket
    socket.on('error', () => this.close()) // refused, unreachable: the next datagram is scheduled anew
    socket.on('message', datagram => this.#context.answer(datagram, this.client))
    socket.connect(port, address, () => this.#connected())
  }

  send(datagram: Buffer): void {
    if (this.#isClosed) return
    if (this.#early !== null) {
      if (this.#early.length < EARLY_MAX) this.#early.push(datagram)
    } else if (this.#socket.getSendQueueSize() < SEND_QUEUE_BYTES_MAX) {
      this.#socket.send(datagram, error => {
        // Too long for the way, or no memory now: one datagram is lost and the session goes on.
        if (error && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED') this.close()
      })
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.close()
    this.destination.count('inactive', 'none')
    this.#context.ended(this)
  }

  #connected(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const datagram of early) this.send(datagram)
  }
}
