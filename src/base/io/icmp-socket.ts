/**
 * A socket for ICMP echoes, which Node lacks: raw where the rights are there, else the kernel's unprivileged ping
 * socket where net.ipv4.ping_group_range allows it (that setting is IPv6's too). Nothing here waits: who asks looks for the answers himself.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { textOfBytes } from '../ipv6.js'
import {
  AF_INET,
  AF_INET6,
  type Calls,
  calls,
  closeDescriptor,
  failure,
  int32,
  ipv4Bytes,
  isNativeFailure,
  type NativeFailure,
  SOCK_DGRAM,
  SOCK_NONBLOCK_CLOEXEC,
  SOCK_RAW,
  sockaddrIn6,
  uint16,
} from './native.js'

const ADDRESS_BYTES_MAX = 28
const PACKET_BYTES_MAX = 4_096

export interface IcmpPacket {
  readonly from: string
  /** Beginning with the ICMP header. */
  readonly bytes: Buffer
}

export interface IcmpSocket {
  /** A raw socket hears the answers to everybody's echoes; a ping socket only ours, under an id of the kernel's. */
  readonly isRaw: boolean
  /** Null: the kernel took it. */
  send(address: string, bytes: Uint8Array): NativeFailure | null
  /** Null: nothing has come. */
  receive(): IcmpPacket | null
  close(): void
}

export type IpVersion = 4 | 6

/** How the two versions differ. */
interface Family {
  readonly domain: number
  readonly protocol: number
  /** Keeps all types but the echo reply from a raw socket. */
  readonly filter: { readonly level: number; readonly option: number; readonly value: Buffer }
  readonly isAddress: (text: string) => boolean
  /** A struct sockaddr of that host. */
  readonly target: (c: Calls, address: string) => Buffer
  readonly sender: (sockaddr: Buffer) => string
  /** Bytes of a raw socket's packet before the ICMP header. */
  readonly headerBytes: (packet: Buffer) => number
}

const ICMP6_ECHO_REPLY = 129

/** A bit set is a type kept back; the words are the machine's. */
function onlyEchoReply6(): Buffer {
  const words = Array.from({ length: 8 }, () => -1)
  words[ICMP6_ECHO_REPLY >> 5] = ~(1 << (ICMP6_ECHO_REPLY & 31))
  return Buffer.concat(words.map(int32))
}

const FAMILIES: Readonly<Record<IpVersion, Family>> = {
  4: {
    domain: AF_INET,
    protocol: 1,
    filter: { level: 255, option: 1, value: int32(~1) },
    isAddress: isIPv4,
    target: (_c, address) =>
      Buffer.concat([uint16(AF_INET), Buffer.alloc(2), ipv4Bytes(address), Buffer.alloc(8)]),
    sender: sockaddr => [...sockaddr.subarray(4, 8)].join('.'),
    headerBytes: packet => ((packet[0] ?? 0) & 15) * 4,
  },
  6: {
    domain: AF_INET6,
    protocol: 58,
    filter: { level: 58, option: 1, value: onlyEchoReply6() },
    isAddress: isIPv6,
    target: (c, address) => sockaddrIn6(c, address, 0),
    sender: sockaddr => textOfBytes(sockaddr.subarray(8, 24)),
    headerBytes: () => 0,
  },
}

export function openIcmpSocket(version: IpVersion = 4): IcmpSocket | NativeFailure {
  const { domain, protocol, filter } = FAMILIES[version]
  const c = calls()
  if (isNativeFailure(c)) return c
  const raw = c.socket(domain, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, protocol)
  if (raw >= 0) {
    const { level, option, value } = filter
    if (c.setsockopt(raw, level, option, value, value.length) === 0) return socketOn(raw, true, version)
    const fault = failure(c, 'ICMP_FILTER')
    c.close(raw)
    return fault
  }
  const plain = c.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC, protocol)
  return plain >= 0 ? socketOn(plain, false, version) : failure(c, 'ICMP socket')
}

function socketOn(fd: number, isRaw: boolean, version: IpVersion): IcmpSocket {
  const { isAddress, target, sender, headerBytes } = FAMILIES[version]
  const packet = Buffer.alloc(PACKET_BYTES_MAX)
  const address = Buffer.alloc(ADDRESS_BYTES_MAX)
  let isOpen = true
  return {
    isRaw,
    send(to, bytes) {
      const c = calls()
      if (isNativeFailure(c)) return c
      if (!isOpen || !isAddress(to)) return { reason: `cannot send to ${to}`, code: 'EINVAL' }
      const where = target(c, to)
      const sent = Number(c.sendto(fd, bytes, bytes.length, 0, where, where.length))
      return sent < 0 ? failure(c, 'sendto') : null
    },
    receive() {
      const c = calls()
      if (isNativeFailure(c) || !isOpen) return null
      const length = Number(c.recvfrom(fd, packet, packet.length, 0, address, int32(ADDRESS_BYTES_MAX)))
      if (length < 0) return null // EAGAIN, or the report of an earlier send: the answers' absence tells it all
      const begin = isRaw ? headerBytes(packet) : 0
      return { from: sender(address), bytes: Buffer.from(packet.subarray(begin, length)) }
    },
    close() {
      if (isOpen) closeDescriptor(fd)
      isOpen = false
    },
  }
}
