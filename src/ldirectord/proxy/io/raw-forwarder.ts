/**
 * The hot path: accepts, connects and closes by system calls on plain descriptors, told by epoll what to do. Everything
 * that Node puts around a socket costs here more than the kernel's own work, so nothing of it is used.
 */
import { isNativeFailure } from '../../../base/io/native.js'
import {
  EADDRNOTAVAIL,
  EAGAIN,
  ECONNABORTED,
  EINTR,
  EPOLLERR,
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
import type { LiveDestination } from '../core/live-destination.js'
import type { Client, LiveService, LiveTable } from '../core/live-table.js'
import type { SharedState } from '../core/shared-state.js'
import { SocketClient } from '../core/socket-client.js'
import type { WorkerSettings } from '../core/worker-orders.js'
import { RawConnection, RawEnd } from './raw-connection.js'
import { LOOK_AT, RawCopier } from './raw-copier.js'

/** Taken from a listening socket before others get their turn; other workers wait at it too. */
const ACCEPTS_PER_TURN = 16
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
  readonly #copier: RawCopier
  readonly #ends: (RawEnd | null)[] = []
  /** Connections that wait for their destination, the longest first, and since when. */
  readonly #connecting = new Map<RawConnection, number>()
  readonly #addresses = new WeakMap<LiveDestination, Uint8Array>()
  #lastSerial = 0
  #nowMs = 0

  constructor(context: RawContext) {
    this.#context = context
    this.#copier = new RawCopier({
      sockets: context.sockets,
      poller: context.poller,
      reset: connection => this.reset(connection),
      finished: connection => this.#finish(connection),
    })
  }

  get hasUnfinished(): boolean {
    return this.#copier.hasUnfinished
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
    this.#copier.setTime(nowMs)
  }

  listen(listener: number): boolean {
    return this.#context.poller.watch(listener, EPOLLIN | EPOLLEXCLUSIVE, 0)
  }

  /** `wished`: how many at most, if it is for this worker to say. */
  accept(listener: number, service: LiveService, wished = ACCEPTS_PER_TURN): void {
    const { sockets, shared, settings } = this.#context
    const most = Math.min(wished, ACCEPTS_PER_TURN)
    for (let n = 0; n < most; n++) {
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
    if (events & EPOLLOUT && end.waiting) this.#copier.flush(end)
    if (events & (EPOLLIN | LEAVING)) this.#copier.pump(end)
  }

  goOn(): void {
    this.#copier.goOn()
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

  /** What the client called; a service may stand at all addresses. */
  #calledBy({ client, service: { key } }: RawConnection): Client {
    if (key.address !== '0.0.0.0' && key.address !== '::') return key
    return new SocketClient(this.#context.sockets.ownAddress(client.fd))
  }

  /** A close is the last FIN. */
  #finish(connection: RawConnection): void {
    for (const end of [connection.real, connection.client]) {
      if (end === null) continue
      this.#release(end)
      this.#context.sockets.close(end.fd)
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
        real.isPrompt = false
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
    const { real, destination, caller } = connection
    const isToTell = destination?.settings.proxyProtocol !== undefined
    const header = isToTell ? headerFor(destination.settings, caller, this.#calledBy(connection)) : null
    if (header && real) this.#copier.send(real, header, header.length)
    // Mostly the request is there by now. Whatever else the client has done until now is news at once.
    this.#copier.pump(client)
    if (connection.isOver) return
    if (!this.#context.poller.watch(client.fd, LOOK_AT, client.serial)) this.reset(connection)
  }
}
