/**
 * The plain TCP connections of checks, by system calls: one question, one answer. Node's sockets cost four times what
 * the kernel does for such a connection. One epoll descriptor watches all of them; it is looked at by a timer that
 * runs only while there are some, often at first and then less, since checks begin in groups and answers come in groups.
 */
import { getSystemErrorName } from 'node:util'
import { isNativeFailure } from '../../base/io/native.js'
import { nowMs } from '../../base/io/real-clock.js'
import {
  EAGAIN,
  ECONNRESET,
  ENOBUFS,
  EPIPE,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  type Poller,
  type TcpSockets,
  tcpSockets,
} from '../../base/io/tcp-calls.js'

const EVENTS_MAX = 256
const READ_BYTES = 65_536
/** The first look, and the longest time between two. */
const LOOK_MS_MIN = 1
const LOOK_MS_MAX = 20
/** An answer is noticed at most this much later than it came: a quarter of the time that it took. */
const LOOK_SHARE = 4

/** What a connection tells. Each call may close it or take it over. */
export interface Listener {
  /** The connection stands. */
  connected(): void
  /** These bytes are overwritten afterwards; none: the other end has said all. */
  heard(bytes: Buffer): void
  failed(error: Error): void
}

export class RawConnection {
  readonly fd: number
  readonly serial: number
  readonly question: Uint8Array
  readonly listener: Listener
  isConnected = false
  isOpen = true
  readonly #owner: RawConnections

  constructor(owner: RawConnections, fd: number, serial: number, question: Uint8Array, listener: Listener) {
    this.#owner = owner
    this.fd = fd
    this.serial = serial
    this.question = question
    this.listener = listener
  }

  close(): void {
    if (this.isOpen) this.#owner.close(this)
  }

  /** The descriptor now belongs to the caller. */
  handOver(): number {
    return this.#owner.handOver(this)
  }
}

let shared: RawConnections | null | undefined

/** null: such calls cannot be made here. */
export function rawConnections(): RawConnections | null {
  if (shared === undefined) {
    const sockets = tcpSockets()
    const poller = isNativeFailure(sockets) ? sockets : sockets.createPoller(EVENTS_MAX)
    shared = isNativeFailure(sockets) || isNativeFailure(poller) ? null : new RawConnections(sockets, poller)
  }
  return shared
}

export class RawConnections {
  readonly #sockets: TcpSockets
  readonly #poller: Poller
  readonly #open = new Map<number, RawConnection>()
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  #serial = 0
  #timer: NodeJS.Timeout | undefined
  /** Until the next look; null: none is to come. */
  #pauseMs: number | null = null
  #lastOpenedMs = 0

  constructor(sockets: TcpSockets, poller: Poller) {
    this.#sockets = sockets
    this.#poller = poller
  }

  /** To a struct sockaddr. The question is sent when the connection stands. An error: not even begun. */
  connect(to: Uint8Array, question: Uint8Array, listener: Listener): RawConnection | Error {
    const fd = this.#sockets.connect(to)
    if (fd < 0) return systemError('connect', -fd)
    this.#serial = (this.#serial + 1) >>> 0
    const connection = new RawConnection(this, fd, this.#serial, question, listener)
    if (!this.#poller.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this.#serial)) {
      const error = systemError('epoll_ctl', this.#sockets.errno())
      this.#sockets.close(fd)
      return error
    }
    this.#open.set(this.#serial, connection)
    this.#lastOpenedMs = nowMs()
    if (this.#pauseMs !== LOOK_MS_MIN) this.#lookIn(LOOK_MS_MIN)
    return connection
  }

  close(connection: RawConnection): void {
    this.#leave(connection)
    this.#sockets.close(connection.fd)
  }

  handOver(connection: RawConnection): number {
    this.#leave(connection)
    this.#poller.forget(connection.fd)
    return connection.fd
  }

  #leave(connection: RawConnection): void {
    connection.isOpen = false
    this.#open.delete(connection.serial)
  }

  /** At all that has happened: after a pause of this process no deadline may come before an answer that is there. */
  #look(): void {
    let roundsMax = 1 + Math.ceil(this.#open.size / EVENTS_MAX)
    while (this.#lookAtSome() === EVENTS_MAX && --roundsMax > 0);
    this.#pauseMs = null
    if (this.#open.size === 0) return
    const ageMs = nowMs() - this.#lastOpenedMs
    this.#lookIn(Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, Math.round(ageMs / LOOK_SHARE))))
  }

  #lookIn(pauseMs: number): void {
    clearTimeout(this.#timer)
    this.#pauseMs = pauseMs
    this.#timer = setTimeout(() => this.#look(), pauseMs)
  }

  #lookAtSome(): number {
    const count = this.#poller.wait(0)
    for (let at = 0; at < count; at++) {
      const connection = this.#open.get(this.#poller.serialOf(at))
      if (connection !== undefined) this.#happened(connection, this.#poller.eventsOf(at))
    }
    return count
  }

  #happened(connection: RawConnection, events: number): void {
    if (!connection.isConnected) this.#ask(connection, (events & (EPOLLERR | EPOLLHUP)) !== 0)
    if (connection.isOpen && events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) this.#read(connection)
  }

  /** Whether connecting has failed, and why, the kernel tells who sends; a reset means that it had not. */
  #ask(connection: RawConnection, hasFailed: boolean): void {
    const { fd, question, listener } = connection
    const sent = question.length > 0 || hasFailed ? this.#sockets.send(fd, question, question.length) : 0
    const errno = sent < 0 ? this.#sockets.errno() : 0
    if (errno !== 0 && errno !== ECONNRESET && errno !== EPIPE) {
      this.#fail(connection, 'connect', errno)
      return
    }
    connection.isConnected = true
    listener.connected()
    if (!connection.isOpen) return
    if (errno !== 0) this.#fail(connection, 'write', errno)
    // A question is short, and the first that the connection carries.
    else if (sent < question.length) this.#fail(connection, 'write', ENOBUFS)
  }

  /** Until nothing more is there: the poller tells of it once. */
  #read(connection: RawConnection): void {
    while (connection.isOpen) {
      const bytes = this.#sockets.read(connection.fd, this.#buffer)
      if (bytes >= 0) connection.listener.heard(this.#buffer.subarray(0, bytes))
      if (bytes === 0) return
      if (bytes > 0) continue
      const errno = this.#sockets.errno()
      if (errno !== EAGAIN) this.#fail(connection, 'read', errno)
      return
    }
  }

  #fail(connection: RawConnection, call: string, errno: number): void {
    connection.close()
    connection.listener.failed(systemError(call, errno))
  }
}

function systemError(call: string, errno: number): Error {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${call} ${code}`), { code })
}
