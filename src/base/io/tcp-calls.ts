/**
 * TCP sockets and epoll by their system calls, for the proxy and for checks, where what Node puts around a socket costs
 * more than the kernel's own work. Descriptors are plain numbers that belong to whoever made them: nothing here closes one by
 * itself. No call waits, except that of a {@link Poller} which is told how long.
 */
import { endianness } from 'node:os'
import {
  AF_INET,
  AF_INET6,
  calls,
  failure,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  int32,
  ipv4Bytes,
  isNativeFailure,
  loadLibc,
  type NativeFailure,
  networkUint16,
  SO_REUSEADDR,
  SOCK_NONBLOCK_CLOEXEC,
  SOL_SOCKET,
  sockaddrIn6,
  uint16,
} from './native.js'

const SOCK_STREAM = 1
const IPPROTO_TCP = 6
const TCP_NODELAY = 1
const SO_LINGER = 13
const SHUT_WR = 1
const MSG_NOSIGNAL = 0x4000
const SOCKADDR_BYTES_MAX = 28
const EFD_FLAGS = 0o2004000
const F_DUPFD_CLOEXEC = 1030

const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLL_CTL_MOD = 3
export const EPOLLIN = 0x1
export const EPOLLOUT = 0x4
export const EPOLLERR = 0x8
export const EPOLLHUP = 0x10
export const EPOLLRDHUP = 0x2000
export const EPOLLEXCLUSIVE = 0x1000_0000
export const EPOLLET = 0x8000_0000

/** Numbers of Linux. */
export const EINTR = 4
export const EAGAIN = 11
export const EPIPE = 32
export const EADDRNOTAVAIL = 99
export const ECONNABORTED = 103
export const ECONNRESET = 104
export const ENOBUFS = 105
export const EINPROGRESS = 115

interface TcpCalls {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, address: Uint8Array, length: Uint8Array, flags: number): number
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number
  connect(fd: number, address: Uint8Array, length: number): number
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number
  read(fd: number, bytes: Uint8Array, length: number): number
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number
  write(fd: number, bytes: Uint8Array, length: number): number
  shutdown(fd: number, how: number): number
  close(fd: number): number
  eventfd(value: number, flags: number): number
  fcntl(fd: number, command: number, value: number): number
  epoll_create1(flags: number): number
  epoll_ctl(poller: number, operation: number, fd: number, event: Uint8Array): number
  epoll_wait(poller: number, events: Uint8Array, count: number, timeoutMs: number): number
  errno(): number
}

const PROTOTYPES: Readonly<Record<Exclude<keyof TcpCalls, 'errno'>, string>> = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, uint32_t)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, void *, void *, int)',
  getsockname: 'int getsockname(int, void *, void *)',
  connect: 'int connect(int, const void *, uint32_t)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  read: 'long read(int, void *, size_t)',
  send: 'long send(int, const void *, size_t, int)',
  write: 'long write(int, const void *, size_t)',
  shutdown: 'int shutdown(int, int)',
  close: 'int close(int)',
  eventfd: 'int eventfd(unsigned int, int)',
  fcntl: 'int fcntl(int, int, int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, const void *)',
  epoll_wait: 'int epoll_wait(int, void *, int, int)',
}

let loaded: TcpSockets | NativeFailure | undefined

/** The sockets of this thread; a failure where the calls cannot be made. */
export function tcpSockets(): TcpSockets | NativeFailure {
  loaded ??= load()
  return loaded
}

function load(): TcpSockets | NativeFailure {
  const libc = loadLibc()
  if (isNativeFailure(libc)) return libc
  // Processors whose kernel fills in the numbers above the other way round are not known to the loader.
  if (endianness() !== 'LE') return { reason: 'not known for this byte order', code: 'UNAVAILABLE' }
  const entries = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, libc.func(prototype)])
  return new TcpSockets({ ...Object.fromEntries(entries), errno: libc.errno } as TcpCalls)
}

export interface ListenOptions {
  readonly address: string
  readonly port: number
  readonly backlog: number
}

const ON = int32(1)
/** struct linger: on, no time: a close sends a reset. */
const NO_LINGER = Buffer.concat([int32(1), int32(0)])

export class TcpSockets {
  readonly #calls: TcpCalls
  readonly #accepted = Buffer.alloc(SOCKADDR_BYTES_MAX)
  readonly #acceptedLength = Buffer.alloc(4)

  constructor(tcpCalls: TcpCalls) {
    this.#calls = tcpCalls
  }

  /** Of the last call that gave less than 0. */
  errno(): number {
    return this.#calls.errno()
  }

  /** A socket that listens; what it accepts sends small writes at once. IPv6 hears IPv6 only. */
  listen({ address, port, backlog }: ListenOptions): number | NativeFailure {
    const c = this.#calls
    const to = socketAddress(address, port)
    if (isNativeFailure(to)) return to
    const isVersion6 = address.includes(':')
    const fd = c.socket(isVersion6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0)
    if (fd < 0) return failure(c, 'socket')
    c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ON, ON.length)
    c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length)
    if (isVersion6) c.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ON, ON.length)
    const isListening = c.bind(fd, to, to.length) === 0 && c.listen(fd, backlog) === 0
    if (isListening) return fd
    const fault = failure(c, 'listen')
    c.close(fd)
    return fault
  }

  /** The next connection, non-blocking; less than 0 when there is none. Its address: {@link acceptedAddress}. */
  accept(listener: number): number {
    this.#acceptedLength.writeInt32LE(SOCKADDR_BYTES_MAX)
    return this.#calls.accept4(listener, this.#accepted, this.#acceptedLength, SOCK_NONBLOCK_CLOEXEC)
  }

  /** A struct sockaddr that the next accept overwrites. */
  get acceptedAddress(): Buffer {
    return this.#accepted
  }

  /** The struct sockaddr of this end, which the next accept overwrites. */
  ownAddress(fd: number): Buffer {
    this.#acceptedLength.writeInt32LE(SOCKADDR_BYTES_MAX)
    this.#calls.getsockname(fd, this.#accepted, this.#acceptedLength)
    return this.#accepted
  }

  /** Begins to connect; less than 0: not even that (minus errno). */
  connect(to: Uint8Array): number {
    const c = this.#calls
    const fd = c.socket(
      to.length === SOCKADDR_BYTES_MAX ? AF_INET6 : AF_INET,
      SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC,
      0,
    )
    if (fd < 0) return -c.errno()
    if (c.connect(fd, to, to.length) === 0) return fd
    const errno = c.errno()
    if (errno === EINPROGRESS) return fd
    c.close(fd)
    return -errno
  }

  /** Small writes go out at once, whatever is still on its way. */
  sendAtOnce(fd: number): void {
    this.#calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ON, ON.length)
  }

  read(fd: number, into: Uint8Array): number {
    return this.#calls.read(fd, into, into.length)
  }

  /** How many of the first `length` bytes were taken. */
  send(fd: number, bytes: Uint8Array, length: number): number {
    return this.#calls.send(fd, bytes, length, MSG_NOSIGNAL)
  }

  sendEnd(fd: number): void {
    this.#calls.shutdown(fd, SHUT_WR)
  }

  close(fd: number): void {
    this.#calls.close(fd)
  }

  reset(fd: number): void {
    this.#calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, NO_LINGER, NO_LINGER.length)
    this.#calls.close(fd)
  }

  /** Another number for the same socket. */
  duplicate(fd: number): number | NativeFailure {
    const other = this.#calls.fcntl(fd, F_DUPFD_CLOEXEC, 0)
    return other < 0 ? failure(this.#calls, 'fcntl') : other
  }

  /** Wakes a {@link Poller} of another thread that watches it for EPOLLIN. */
  createBell(): number | NativeFailure {
    const fd = this.#calls.eventfd(0, EFD_FLAGS)
    return fd < 0 ? failure(this.#calls, 'eventfd') : fd
  }

  ring(bell: number): void {
    this.#calls.write(bell, RING, RING.length)
  }

  silence(bell: number): void {
    this.#calls.read(bell, Buffer.allocUnsafe(RING.length), RING.length)
  }

  createPoller(eventsMax: number): Poller | NativeFailure {
    const fd = this.#calls.epoll_create1(EPOLL_CLOEXEC)
    return fd < 0 ? failure(this.#calls, 'epoll_create1') : new Poller(this.#calls, fd, eventsMax)
  }
}

const RING = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])

/** struct sockaddr_in or sockaddr_in6. */
export function socketAddress(address: string, port: number): Buffer | NativeFailure {
  if (!address.includes(':')) {
    return Buffer.concat([uint16(AF_INET), networkUint16(port), ipv4Bytes(address), Buffer.alloc(8)])
  }
  const c = calls()
  return isNativeFailure(c) ? c : sockaddrIn6(c, address, port)
}

/** struct epoll_event is packed on x64 alone: 32 bits of events, then 64 of our own. */
const EVENT_BYTES = process.arch === 'x64' || process.arch === 'ia32' ? 12 : 16
const DATA_AT = EVENT_BYTES - 8

/** What happened to many descriptors, in one call. Each is watched under a serial number, so that news of a descriptor that was closed meanwhile is not taken for news of its next owner. */
export class Poller {
  readonly fd: number
  readonly #calls: TcpCalls
  readonly #eventsMax: number
  readonly #events: Buffer
  readonly #event = Buffer.alloc(EVENT_BYTES)

  constructor(tcpCalls: TcpCalls, fd: number, eventsMax: number) {
    this.#calls = tcpCalls
    this.fd = fd
    this.#eventsMax = eventsMax
    this.#events = Buffer.alloc(EVENT_BYTES * eventsMax)
  }

  /** False when the kernel refuses (errno). A closed descriptor leaves by itself. */
  watch(fd: number, events: number, serial: number): boolean {
    return this.#control(EPOLL_CTL_ADD, fd, events, serial)
  }

  /** Watches for other things than before; what is so already is news again. */
  rewatch(fd: number, events: number, serial: number): boolean {
    return this.#control(EPOLL_CTL_MOD, fd, events, serial)
  }

  #control(operation: number, fd: number, events: number, serial: number): boolean {
    this.#event.writeUInt32LE(events >>> 0, 0)
    this.#event.writeInt32LE(fd, DATA_AT)
    this.#event.writeUInt32LE(serial, DATA_AT + 4)
    return this.#calls.epoll_ctl(this.fd, operation, fd, this.#event) === 0
  }

  forget(fd: number): void {
    this.#calls.epoll_ctl(this.fd, EPOLL_CTL_DEL, fd, this.#event)
  }

  /** Blocks the thread for at most so long; the number of descriptors that have news. */
  wait(timeoutMs: number): number {
    return this.#calls.epoll_wait(this.fd, this.#events, this.#eventsMax, timeoutMs)
  }

  eventsOf(at: number): number {
    return this.#events.readUInt32LE(at * EVENT_BYTES)
  }

  fdOf(at: number): number {
    return this.#events.readInt32LE(at * EVENT_BYTES + DATA_AT)
  }

  serialOf(at: number): number {
    return this.#events.readUInt32LE(at * EVENT_BYTES + DATA_AT + 4)
  }

  close(): void {
    this.#calls.close(this.fd)
  }
}
