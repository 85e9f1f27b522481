/**
 * The few system calls that Node lacks, through the optional package koffi: sockets bound to a device, who is at the
 * other end of a unix socket, realtime scheduling, gratuitous ARP. It is loaded when first asked for. Every function
 * gives a failure as a value, so that callers work without it; nothing here waits.
 */
import { close, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIPv4, isIPv6 } from 'node:net'
import { constants, endianness, networkInterfaces, setPriority } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { arpFrames } from '../arp.js'
import { toBytes } from '../ipv6.js'

export interface NativeFailure {
  /** One sentence, to follow "cannot ...: ". */
  readonly reason: string
  /** EPERM, ENODEV, EADDRINUSE ...; UNAVAILABLE when the calls themselves cannot be made here. */
  readonly code: string
}

export function isNativeFailure(value: unknown): value is NativeFailure {
  return typeof value === 'object' && value !== null && 'reason' in value && 'code' in value
}

// Numbers of Linux, the same on all processors listed here.
const processors = ['x64', 'arm64', 'arm', 'ia32', 'riscv64', 'loong64']
export const AF_INET = 2
export const AF_INET6 = 10
export const AF_PACKET = 17
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_NONBLOCK_CLOEXEC = 0o2004000
const IPPROTO_IP = 0
const IP_TOS = 1
const IPTOS_LOWDELAY = 0x10
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_MULTICAST_ALL = 29
const TCFLSH = 0x540b
const TCIOFLUSH = 2
const TIOCOUTQ = 0x5411
export const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_BROADCAST = 6
const SO_REUSEPORT = 15
const SO_PEERCRED = 17
export const SO_BINDTODEVICE = 25
const SCHED_OTHER = 0
const SCHED_RR = 2
const SCHED_RESET_ON_FORK = 0x40000000
export const ETH_P_ARP = 0x0806
/** _IOWR('W', 6, int) */
const WDIOC_SETTIMEOUT = 0xc0045706

export interface Calls {
  socket(domain: number, type: number, protocol: number): number
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number
  bind(fd: number, address: Uint8Array, length: number): number
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    toLength: number,
  ): number
  recvfrom(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    from: Uint8Array,
    fromLength: Uint8Array,
  ): number
  close(fd: number): number
  if_nametoindex(name: string): number
  ioctl(fd: number, request: number, value: number): number
  ioctlInto(fd: number, request: number, answer: Uint8Array): number
  sched_setscheduler(pid: number, policy: number, parameter: Uint8Array): number
  errno(): number
}

interface Koffi {
  load(path: null): { func(definition: string): never }
  errno(): number
}

let loaded: Calls | NativeFailure | undefined

/** For the other files of this folder that make such calls. */
export function calls(): Calls | NativeFailure {
  loaded ??= load()
  return loaded
}

function load(): Calls | NativeFailure {
  const unavailable = (reason: string): NativeFailure => ({ reason, code: 'UNAVAILABLE' })
  if (process.platform !== 'linux' || !processors.includes(process.arch)) {
    return unavailable(`not known for ${process.platform} on ${process.arch}`)
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    const libc = koffi.load(null)
    return {
      socket: libc.func('int socket(int, int, int)'),
      setsockopt: libc.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      getsockopt: libc.func('int getsockopt(int, int, int, void *, void *)'),
      bind: libc.func('int bind(int, const void *, uint32_t)'),
      sendto: libc.func('int64_t sendto(int, const void *, uint64_t, int, const void *, uint32_t)'),
      recvfrom: libc.func('int64_t recvfrom(int, void *, uint64_t, int, void *, void *)'),
      close: libc.func('int close(int)'),
      if_nametoindex: libc.func('uint32_t if_nametoindex(const char *)'),
      ioctl: libc.func('int ioctl(int, unsigned long, long)'),
      ioctlInto: libc.func('int ioctl(int, unsigned long, void *)'),
      sched_setscheduler: libc.func('int sched_setscheduler(int, int, const void *)'),
      errno: () => koffi.errno(),
    }
  } catch (error) {
    // Not installed, or built for another C library: either way the caller goes on without.
    const isAbsent = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    return unavailable(isAbsent ? 'the optional package koffi is not installed' : 'koffi does not load here')
  }
}

/** Why none of these calls can be made here, or null. */
export function nativeFault(): string | null {
  const c = calls()
  return isNativeFailure(c) ? c.reason : null
}

export function failure(c: Calls, what: string): NativeFailure {
  const code = getSystemErrorName(-c.errno())
  return { reason: `${what}: ${code}`, code }
}

const isLittle = endianness() === 'LE'

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  if (isLittle) bytes.writeInt32LE(value)
  else bytes.writeInt32BE(value)
  return bytes
}

export function uint16(value: number): Buffer {
  return int32(value).subarray(isLittle ? 0 : 2, isLittle ? 2 : 4)
}

export function networkUint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255])
}

export const ipv4Bytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number))

/** A struct sockaddr_in6. A zone in the address (`fe80::1%eth1`) wins over `device`. */
export function sockaddrIn6(c: Calls, address: string, port: number, device?: string): Buffer {
  const [bare = '', zone = device] = address.split('%', 2)
  return Buffer.concat([
    uint16(AF_INET6),
    networkUint16(port),
    Buffer.alloc(4),
    toBytes(bare),
    int32(zone === undefined ? 0 : c.if_nametoindex(zone)),
  ])
}

export interface UdpSocketOptions {
  /** Where to listen, IPv4 or IPv6; port 0 is any. */
  readonly address: string
  readonly port: number
  /** Only packets of this interface come in and go out. */
  readonly device?: string
  readonly reuseAddress?: boolean
  readonly reusePort?: boolean
  readonly broadcast?: boolean
  /** IP_TOS 0x10, as the original marks its packets. */
  readonly lowDelay?: boolean
}

/** A UDP socket, ready for `dgram.Socket.bind({ fd })`, which then owns it. One of IPv6 hears IPv6 only. */
export function openUdpSocket(options: UdpSocketOptions): number | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const { address } = options
  if (!isIPv4(address) && !isIPv6(address)) return { reason: `${address} is no address`, code: 'EINVAL' }
  const family = isIPv4(address) ? AF_INET : AF_INET6
  const fd = c.socket(family, SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC, 0)
  if (fd < 0) return failure(c, 'socket')
  const fault = prepare(c, fd, options)
  if (fault) c.close(fd)
  return fault ?? fd
}

function prepare(c: Calls, fd: number, options: UdpSocketOptions): NativeFailure | null {
  const on = int32(1)
  const isVersion6 = isIPv6(options.address)
  const wanted: [string, number, number, Buffer | false][] = [
    [
      'SO_BINDTODEVICE',
      SOL_SOCKET,
      SO_BINDTODEVICE,
      options.device ? Buffer.from(`${options.device}\0`) : false,
    ],
    ['SO_REUSEADDR', SOL_SOCKET, SO_REUSEADDR, options.reuseAddress ? on : false],
    ['SO_REUSEPORT', SOL_SOCKET, SO_REUSEPORT, options.reusePort ? on : false],
    ['SO_BROADCAST', SOL_SOCKET, SO_BROADCAST, options.broadcast ? on : false],
    ['IP_TOS', IPPROTO_IP, IP_TOS, options.lowDelay && !isVersion6 ? int32(IPTOS_LOWDELAY) : false],
    ['IPV6_V6ONLY', IPPROTO_IPV6, IPV6_V6ONLY, isVersion6 && on],
  ]
  for (const [name, level, option, value] of wanted) {
    if (value && c.setsockopt(fd, level, option, value, value.length) !== 0) return failure(c, name)
  }
  // Not to hear what came for groups that other sockets joined; kernels before 4.20 do not know it.
  if (isVersion6) c.setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, int32(0), 4)
  const address = isVersion6
    ? sockaddrIn6(c, options.address, options.port, options.device)
    : Buffer.concat([
        uint16(AF_INET),
        networkUint16(options.port),
        ipv4Bytes(options.address),
        Buffer.alloc(8),
      ])
  return c.bind(fd, address, address.length) === 0 ? null : failure(c, 'bind')
}

export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Who connected to this unix stream socket (effective ids at the time of connect). */
export function peerCredentials(fd: number): PeerCredentials | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const bytes = Buffer.alloc(12)
  if (c.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes, int32(bytes.length)) !== 0)
    return failure(c, 'SO_PEERCRED')
  const [pid, uid, gid] = new Uint32Array(Uint8Array.from(bytes).buffer)
  return { pid: pid ?? 0, uid: uid ?? 0, gid: gid ?? 0 }
}

/**
 * Realtime round-robin (1 to 99) for all threads of this process: a collection of garbage waits for the others of them.
 * Children and new threads start with normal scheduling.
 */
export function scheduleRoundRobin(priority: number): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  const schedule = (thread: number): number =>
    c.sched_setscheduler(thread, SCHED_RR | SCHED_RESET_ON_FORK, int32(priority))
  if (schedule(0) !== 0) return failure(c, 'sched_setscheduler')
  // One that has ended meanwhile needs nothing.
  for (const thread of readdirSync('/proc/self/task')) schedule(Number(thread))
  return null
}

/** Goes before all others of normal scheduling; children start as others do. */
export function scheduleAhead(): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  if (c.sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, int32(0)) !== 0)
    return failure(c, 'sched_setscheduler')
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST)
    return null
  } catch (error) {
    return { reason: (error as Error).message, code: (error as NodeJS.ErrnoException).code ?? 'EPERM' }
  }
}

/** Has a watchdog device wait so long for the next sign of life. */
export function setWatchdogTimeout(fd: number, seconds: number): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  return c.ioctlInto(fd, WDIOC_SETTIMEOUT, int32(seconds)) < 0 ? failure(c, 'ioctl') : null
}

/** Tells the neighbours on an interface, once in each of the two usual ways, that an address is now here. */
export function sendGratuitousArp(device: string, address: string): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  if (!isIPv4(address)) return { reason: `${address} is no IPv4 address`, code: 'EINVAL' }
  return sendFrames(device, ETH_P_ARP, mac => arpFrames(mac, ipv4Bytes(address)))
}

/** Puts whole Ethernet frames on an interface; they are made from its hardware address. */
export function sendFrames(
  device: string,
  protocol: number,
  framesFrom: (mac: Uint8Array) => readonly Uint8Array[],
): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  const hardware = hardwareOf(c, device)
  if (isNativeFailure(hardware)) return hardware
  const fd = c.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, 0)
  if (fd < 0) return failure(c, 'packet socket')
  try {
    for (const frame of framesFrom(hardware.mac)) {
      const to = Buffer.concat([
        uint16(AF_PACKET),
        networkUint16(protocol),
        int32(hardware.index),
        Buffer.from([0, 0, 0, 6]),
        frame.subarray(0, 6),
        Buffer.alloc(2),
      ])
      if (Number(c.sendto(fd, frame, frame.length, 0, to, to.length)) < 0) return failure(c, 'sendto')
    }
    return null
  } finally {
    closeAside(fd)
  }
}

/** Index and Ethernet address of an interface. */
export function hardwareOf(c: Calls, device: string): { index: number; mac: Uint8Array } | NativeFailure {
  if (!/^[^/\s.][^/\s]{0,14}$/.test(device)) return { reason: 'not the name of an interface', code: 'EINVAL' }
  const index = c.if_nametoindex(device)
  if (index === 0) return failure(c, device)
  const mac = Buffer.from(macOf(device).replaceAll(':', ''), 'hex')
  if (mac.length === 6 && mac.some(byte => byte !== 0)) return { index, mac }
  return { reason: `${device} has no Ethernet address`, code: 'EINVAL' }
}

/** Asked of the network namespace first: /sys may be another one's. */
function macOf(device: string): string {
  const entries = Object.entries(networkInterfaces()).filter(([name]) => name.split(':')[0] === device)
  const known = entries.flatMap(([, addresses]) => addresses ?? [])[0]
  if (known) return known.mac
  try {
    return readFileSync(`/sys/class/net/${device}/address`, 'latin1').trim()
  } catch {
    return '' // whatever keeps the file from being read, the address is not known
  }
}

/**
 * For sockets that hear or send whole frames: the kernel lets their close wait until every processor has let go of them,
 * ten milliseconds and more, in which this process would stand still.
 */
export function closeAside(fd: number): void {
  close(fd, () => {}) // nobody waits for it, and a descriptor of ours can always be closed
}

/** For a descriptor of {@link openUdpSocket} that nobody adopted. */
export function closeDescriptor(fd: number): void {
  const c = calls()
  if (!isNativeFailure(c)) c.close(fd)
}

/**
 * Forgets what waits in a serial line. Without it closing a line whose other end is dead waits half a minute for the
 * output to be taken.
 */
export function flushTerminal(fd: number): void {
  const c = calls()
  if (!isNativeFailure(c)) c.ioctl(fd, TCFLSH, TCIOFLUSH)
}

/** Bytes that a serial line has not yet sent; 0 where that cannot be told. */
export function terminalBytesWaiting(fd: number): number {
  const c = calls()
  if (isNativeFailure(c)) return 0
  const answer = int32(0)
  if (c.ioctlInto(fd, TIOCOUTQ, answer) !== 0) return 0
  return isLittle ? answer.readInt32LE() : answer.readInt32BE()
}
