/**
 * The hot path: accepts, connects, copies and closes by system calls on plain descriptors, told by epoll what to do.
 * Everything that Node puts around a socket costs here more than the kernel's own work, so nothing of it is used. One
 * buffer serves all connections: bytes wait in memory only for an end that does not take them.
 */
import { isNativeFailure } from '../../../base/io/native.js'
import {
  EADDRNOTAVAIL,
  EAGAIN,
  ECONNABORTED,
  EINTR,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  type Poller,
  socketAddress,
  type TcpSockets,
} from '../../../base/io/tcp-calls.js'
import { headerFor } from '../core/introduction.js'
import type { LiveDestination, LiveService, LiveTable } from '../core/live-table.js'
import type { SharedState } from '../core/shared-state.js'
import { SocketClient } from '../core/socket-client.js'
import type { WorkerSettings } from '../core/worker-orders.js'
import { RawConnection, RawEnd } from './raw-connection.js'

const BUFFER_BYTES = 65_536
/** Buffers copied from one end before others get their turn. */
const BUFFERS_PER_TURN = 8
/** Taken from a listening socket before others get their turn; other workers wait at it too. */
const ACCEPTS_PER_TURN = 16
const LOOK_AT = EPOLLIN | EPOLLRDHUP | EPOLLET
const LEAVING = EPOLLRDHUP | EPOLLHUP | EPOLLERR

export interface RawContext {
  readonly sockets: TcpSockets
  readonly poller: Poller
  readonly shared: SharedState
  readonly table: LiveTable
  readonly settings: WorkerSettings
  /** A connection that met the limit. */
  refused(): void
  /** No descriptors or no memory for another connection: the listening socket is let alone for a while. */
  exhausted(listener: number): void
  /** No local port is left on the way to a destination. */
  portsExhausted(destination: LiveDestination): void
  /** Reset for idleness, without a byte from the destination. */
  neverAnswered(destination: LiveDestination): void
}

export class RawForwarder {
  readonly #context: RawContext
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  readonly #ends: (RawEnd | null)[] = []
  /** Connections that wait for their destination, the longest first, and since when. */
  readonly #connecting = new Map<RawConnection, number>()
  /** Ends whose turn was over before their bytes were. */
  #unfinished: RawEnd[] = []
  readonly #addresses = new WeakMap<LiveDestination, Uint8Array>()
  #lastSerial = 0
  #nowMs = 0

  constructor(context: RawContext) {
    this.#context = context
  }

  get hasUnfinished(): boolean {
    return this.#unfinished.length > 0
  }

  /** When the first connection attempt is to be given up; null: nobody is connecting. */
  get deadlineMs(): number | null {
    if (this.#connecting.size === 0) return null
    const [first] = this.#connecting.values()
    return first === undefined ? null : first + this.#context.settings.connectTimeoutMs
  }

  /** Before each round of news. */
  setTime(nowMs: number): void {
    this.#nowMs = nowMs
  }

  listen(listener: number): boolean {
    return this.#context.poller.watch(listener, EPOLLIN | EPOLLEXCLUSIVE, 0)
  }

  accept(listener: number, service: LiveService): void {
    const { sockets, shared, settings } = this.#context
    for (let n = 0; n < ACCEPTS_PER_TURN; n++) {
      const fd = sockets.accept(listener)
      if (fd < 0) {
        const errno = sockets.errno()
        if (errno === ECONNABORTED || errno === EINTR) continue
        if (errno !== EAGAIN) this.#context.exhausted(listener)
        return
      }
      if (shared.places >= settings.connectionsMax) {
        sockets.reset(fd)
        this.#context.refused()
        continue
      }
      shared.owners[fd] = shared.party
      shared.takePlaces(1)
      const caller = new SocketClient(sockets.acceptedAddress)
      const connection = new RawConnection(fd, this.#serial(), service, caller, this.#nowMs)
      this.#own(connection.client)
      this.#tryNext(connection)
    }
  }

  /** News of a descriptor; that of one which is closed already is passed over. */
  heard(fd: number, serial: number, events: number): void {
    const end = this.#ends[fd]
    if (!end || end.serial !== serial) return
    const { connection } = end
    if (!connection.isJoined) {
      if (events & (EPOLLERR | EPOLLHUP)) {
        this.#failed(connection)
        return
      }
      if (!(events & EPOLLOUT)) return
      this.#join(connection)
    }
    if (events & LEAVING) end.isLeaving = true
    // A reset of an end that is not read from now would be noticed late or never.
    if (events & EPOLLERR && (end.hasEnded || end.peer?.waiting)) {
      this.reset(connection)
      return
    }
    if (events & EPOLLOUT && end.waiting) this.#flush(end)
    if (events & (EPOLLIN | LEAVING)) this.#pump(end)
  }

  goOn(): void {
    const unfinished = this.#unfinished
    this.#unfinished = []
    for (const end of unfinished) this.#pump(end)
  }

  giveUpLate(): void {
    if (this.#connecting.size === 0) return
    for (const [connection, sinceMs] of this.#connecting) {
      if (this.#nowMs - sinceMs < this.#context.settings.connectTimeoutMs) return // the later ones are younger still
      this.#failed(connection)
    }
  }

  resetIdle(): void {
    const { idleTimeoutMs } = this.#context.settings
    this.#resetWhere(({ isJoined, lastMs, destination, real }) => {
      const isIdle = isJoined && this.#nowMs - lastMs >= idleTimeoutMs
      if (isIdle && destination && real && !real.hasSpoken) this.#context.neverAnswered(destination)
      return isIdle
    })
  }

  resetAll(service?: LiveService): void {
    this.#resetWhere(connection => service === undefined || connection.service === service)
  }

  /** The connection that this descriptor belongs to. */
  resetOf(fd: number): void {
    const end = this.#ends[fd]
    if (end) this.reset(end.connection)
  }

  reset(connection: RawConnection): void {
    if (connection.isOver) return
    const { client, real, isJoined } = connection
    this.#release(client)
    this.#context.sockets.reset(client.fd)
    if (real) {
      this.#release(real)
      // One that is still connecting has nobody to send a reset to.
      if (isJoined) this.#context.sockets.reset(real.fd)
      else this.#context.sockets.close(real.fd)
    }
    this.#over(connection)
  }

  #resetWhere(is: (connection: RawConnection) => boolean): void {
    for (const end of this.#ends) {
      if (end && end === end.connection.client && is(end.connection)) this.reset(end.connection)
    }
  }

  #serial(): number {
    this.#lastSerial = this.#lastSerial === 0xffff_ffff ? 1 : this.#lastSerial + 1
    return this.#lastSerial
  }

  #own(end: RawEnd): void {
    // Grown one by one: an array with gaps is a slow one.
    while (this.#ends.length <= end.fd) this.#ends.push(null)
    this.#ends[end.fd] = end
  }

  /** Before the descriptor is closed: from then on it is somebody else's. */
  #release({ fd }: RawEnd): void {
    this.#ends[fd] = null
    this.#context.shared.owners[fd] = 0
  }

  #over(connection: RawConnection): void {
    connection.isOver = true
    connection.count('none')
    this.#connecting.delete(connection)
    this.#context.shared.takePlaces(-1)
  }

  #tryNext(connection: RawConnection): void {
    const { sockets, poller, table, settings, shared } = this.#context
    const { service, caller } = connection
    while (connection.tried.size < settings.attemptsMax) {
      const destination = table.choose(service, caller, this.#nowMs, connection.tried)
      if (destination === null) break
      connection.goTo(destination)
      const fd = sockets.connect(this.#addressOf(destination))
      if (fd >= 0) {
        shared.owners[fd] = shared.party
        const real = new RawEnd(fd, this.#serial(), connection, true)
        connection.real = real
        this.#own(real)
        this.#connecting.set(connection, this.#nowMs)
        if (!poller.watch(fd, LOOK_AT | EPOLLOUT, real.serial)) this.reset(connection)
        return
      }
      if (fd === -EADDRNOTAVAIL) this.#context.portsExhausted(destination)
      connection.giveUp()
    }
    // IPVS answers a connection without a server by an immediate refusal too.
    this.reset(connection)
  }

  #addressOf(destination: LiveDestination): Uint8Array {
    const known = this.#addresses.get(destination)
    if (known) return known
    const { address, port } = destination.settings
    const made = socketAddress(address, port)
    const bytes = isNativeFailure(made) ? new Uint8Array() : made
    this.#addresses.set(destination, bytes)
    return bytes
  }

  #failed(connection: RawConnection): void {
    const { real } = connection
    if (real) {
      this.#release(real)
      this.#context.sockets.close(real.fd)
    }
    this.#connecting.delete(connection)
    connection.giveUp()
    this.#tryNext(connection)
  }

  #join(connection: RawConnection): void {
    const { client } = connection
    connection.isJoined = true
    connection.lastMs = this.#nowMs
    connection.count('active')
    this.#connecting.delete(connection)
    const { real, destination, caller, service } = connection
    const header = destination && headerFor(destination.settings, caller, service.key)
    if (header && real) this.#send(real, header, header.length)
    // Mostly the request is there by now. Whatever else the client has done until now is news at once.
    this.#pump(client)
    if (connection.isOver) return
    if (!this.#context.poller.watch(client.fd, LOOK_AT, client.serial)) this.reset(connection)
  }

  #pump(end: RawEnd): void {
    const { sockets } = this.#context
    const { connection, peer } = end
    if (connection.isOver || end.hasEnded || peer === null) return
    end.mayHaveMore = true
    for (let buffers = 0; peer.waiting === null; buffers++) {
      if (buffers === BUFFERS_PER_TURN) {
        this.#unfinished.push(end)
        return
      }
      const length = sockets.read(end.fd, this.#buffer)
      if (length > 0) {
        connection.lastMs = this.#nowMs
        end.hasSpoken = true
        if (!this.#pass(end, peer, length)) return
        // Fewer than fit: that was all; the poller tells of what comes later, but a FIN it has told of already.
        if (length === BUFFER_BYTES || end.isLeaving) continue
        end.mayHaveMore = false
        return
      }
      end.mayHaveMore = false
      if (length === 0) this.#ended(end, peer)
      else if (sockets.errno() !== EAGAIN) this.reset(connection)
      return
    }
  }

  /** What was just read goes on. False: the connection is over, or some of it waits. */
  #pass(end: RawEnd, peer: RawEnd, length: number): boolean {
    const { client, requests } = end.connection
    if (requests === null || end !== client) return this.#send(peer, this.#buffer, length)
    const pieces = requests.push(this.#buffer.subarray(0, length))
    if (pieces === null) {
      this.reset(end.connection)
      return false
    }
    const bytes = Buffer.concat(pieces)
    return this.#send(peer, bytes, bytes.length)
  }

  #send(end: RawEnd, bytes: Buffer, length: number): boolean {
    const { sockets } = this.#context
    const sent = sockets.send(end.fd, bytes, length)
    if (sent === length) return true
    if (sent < 0 && sockets.errno() !== EAGAIN) {
      this.reset(end.connection)
      return false
    }
    end.waiting = Buffer.from(bytes.subarray(Math.max(0, sent), length))
    if (!end.isWatchedForRoom) {
      end.isWatchedForRoom = true
      if (!this.#context.poller.rewatch(end.fd, LOOK_AT | EPOLLOUT, end.serial)) this.reset(end.connection)
    }
    return false
  }

  #flush(end: RawEnd): void {
    const { sockets } = this.#context
    const { connection, peer, waiting } = end
    if (waiting === null || peer === null) return
    const sent = sockets.send(end.fd, waiting, waiting.length)
    if (sent < 0) {
      if (sockets.errno() !== EAGAIN) this.reset(connection)
      return
    }
    connection.lastMs = this.#nowMs
    end.waiting = sent < waiting.length ? waiting.subarray(sent) : null
    if (end.waiting === null && peer.mayHaveMore) this.#pump(peer)
  }

  /** The FIN of one end; it is read only when nothing waits for the other one. */
  #ended(end: RawEnd, peer: RawEnd): void {
    const { sockets } = this.#context
    end.hasEnded = true
    end.connection.count('inactive')
    const rest = end === end.connection.client && end.connection.requests?.end()
    if (rest) sockets.send(peer.fd, rest, rest.length)
    if (!peer.hasEnded) {
      sockets.sendEnd(peer.fd)
      return
    }
    // Both have said everything and been told everything: a close is the last FIN.
    this.#release(end)
    this.#release(peer)
    sockets.close(peer.fd)
    sockets.close(end.fd)
    this.#over(end.connection)
  }
}
