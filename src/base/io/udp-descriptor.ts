/** UDP sockets with what dgram does not offer: bound to a device, marked for low delay, shared in the way asked for. */
import { isIPv4, isIPv6 } from 'node:net'
import {
  AF_INET,
  AF_INET6,
  type Calls,
  calls,
  failure,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  int32,
  ipv4Bytes,
  isNativeFailure,
  type NativeFailure,
  networkUint16,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_NONBLOCK_CLOEXEC,
  SOL_SOCKET,
  sockaddrIn6,
  uint16,
} from './native.js'

const IPPROTO_IP = 0
const IP_TOS = 1
const IPTOS_LOWDELAY = 0x10
const IPV6_MULTICAST_ALL = 29
const SO_BROADCAST = 6
const SO_REUSEPORT = 15

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
