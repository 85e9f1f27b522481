/**
 * The door to the few system calls that Node lacks, through the optional package koffi, which is loaded when first asked
 * for; and the numbers and byte layouts that its users share. Every function gives a failure as a value, so that callers
 * work without it; nothing here waits.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
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
export const IPPROTO_IPV6 = 41
export const IPV6_V6ONLY = 26
export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const SO_BINDTODEVICE = 25

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

/** The C library: its functions by their prototypes, and errno of the last one called. */
export interface Libc {
  func(definition: string): never
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

/** For files that need other calls than those above. */
export function loadLibc(): Libc | NativeFailure {
  const unavailable = (reason: string): NativeFailure => ({ reason, code: 'UNAVAILABLE' })
  if (process.platform !== 'linux' || !processors.includes(process.arch)) {
    return unavailable(`not known for ${process.platform} on ${process.arch}`)
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    const library = koffi.load(null)
    return { func: definition => library.func(definition), errno: () => koffi.errno() }
  } catch (error) {
    // Not installed, or built for another C library: either way the caller goes on without.
    const isAbsent = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    return unavailable(isAbsent ? 'the optional package koffi is not installed' : 'koffi does not load here')
  }
}

function load(): Calls | NativeFailure {
  const libc = loadLibc()
  if (isNativeFailure(libc)) return libc
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
    errno: libc.errno,
  }
}

/** Why none of these calls can be made here, or null. */
export function nativeFault(): string | null {
  const c = calls()
  return isNativeFailure(c) ? c.reason : null
}

export function failure(c: Pick<Calls, 'errno'>, what: string): NativeFailure {
  const code = getSystemErrorName(-c.errno())
  return { reason: `${what}: ${code}`, code }
}

export const isLittle = endianness() === 'LE'

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

/** For a descriptor that nobody adopted. */
export function closeDescriptor(fd: number): void {
  const c = calls()
  if (!isNativeFailure(c)) c.close(fd)
}
