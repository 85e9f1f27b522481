/**
 * The listening sockets of all links. Usually each link has its own; where two must share one (same address and port,
 * and no device binding to tell them apart) a packet belongs to the link that has its sender as a peer, else to the
 * first.
 */
import type { Socket } from 'node:dgram'
import type { LinkFailure, PacketOrigin } from './link.js'
import type { LocalEnd } from './link-plan.js'
import { openUdp, type SocketUse } from './udp-socket.js'

export interface Listener {
  readonly link: string
  /** Senders that are surely of this link. */
  readonly peers: readonly string[]
  readonly onPacket: (bytes: Buffer, from: PacketOrigin) => void
  readonly onTrouble: (sentence: string, link: string) => void
}

interface ReceivePort {
  readonly socket: Socket
  readonly listeners: Listener[]
}

/** Stops listening; the last listener of a socket closes it. */
export type Release = () => Promise<void>

/** What waits in the kernel while we are busy; a kernel that allows less gives less. */
const RECEIVE_BUFFER_BYTES = 1_048_576

export interface Listening {
  readonly socket: Socket
  readonly release: Release
}

export class ReceivePorts {
  #ports = new Map<string, ReceivePort>()

  async listen(end: LocalEnd, use: SocketUse, listener: Listener): Promise<Listening | LinkFailure> {
    const key = `${end.address} ${end.port} ${end.device ?? ''}`
    // Sockets for broadcast and multicast hear everything each for itself, and need not be shared.
    const existing = use.isShared ? undefined : this.#ports.get(key)
    if (existing) {
      existing.listeners.push(listener)
      return { socket: existing.socket, release: () => this.#release(key, existing, listener) }
    }
    const socket = await openUdp(end, use, listener.link)
    if ('reason' in socket) return socket
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    const port: ReceivePort = { socket, listeners: [listener] }
    if (!use.isShared) this.#ports.set(key, port)
    socket.on('message', (bytes, from) => {
      const to = port.listeners.find(({ peers }) => peers.includes(from.address)) ?? port.listeners[0]
      to?.onPacket(bytes, { link: to.link, address: from.address, port: from.port })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      for (const { link, onTrouble } of port.listeners) {
        onTrouble(`link ${link}: receiving fails: ${error.code ?? error.message}`, link)
      }
    })
    return { socket, release: () => this.#release(key, port, listener) }
  }

  async #release(key: string, port: ReceivePort, listener: Listener): Promise<void> {
    const at = port.listeners.indexOf(listener)
    if (at === -1) return
    port.listeners.splice(at, 1)
    if (port.listeners.length > 0) return
    if (this.#ports.get(key) === port) this.#ports.delete(key)
    await new Promise<void>(resolve => port.socket.close(() => resolve()))
  }
}
