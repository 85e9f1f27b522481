/**
 * A socket for ICMP echoes, which Node lacks: raw where the rights are there, else the kernel's unprivileged ping
 * socket where net.ipv4.ping_group_range allows it. Nothing here waits: who asks looks for the answers himself.
 */
import { isIPv4 } from 'node:net'
import {
  AF_INET,
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
  uint16,
} from './native.js'

const IPPROTO_ICMP = 1
const SOL_RAW = 255
const ICMP_FILTER = 1
/** All types but the echo reply (0) are kept from us. */
const ONLY_REPLIES = ~1
const ADDRESS_BYTES = 16
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

export function openIcmpSocket(): IcmpSocket | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const raw = c.socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, IPPROTO_ICMP)
  if (raw >= 0) {
    const filter = int32(ONLY_REPLIES)
    if (c.setsockopt(raw, SOL_RAW, ICMP_FILTER, filter, filter.length) === 0) return socketOn(raw, true)
    const fault = failure(c, 'ICMP_FILTER')
    c.close(raw)
    return fault
  }
  const plain = c.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC, IPPROTO_ICMP)
  return plain >= 0 ? socketOn(plain, false) : failure(c, 'ICMP socket')
}

function socketOn(fd: number, isRaw: boolean): IcmpSocket {
  const packet = Buffer.alloc(PACKET_BYTES_MAX)
  const address = Buffer.alloc(ADDRESS_BYTES)
  let isOpen = true
  return {
    isRaw,
    send(to, bytes) {
      const c = calls()
      if (isNativeFailure(c)) return c
      if (!isOpen || !isIPv4(to)) return { reason: `cannot send to ${to}`, code: 'EINVAL' }
      const target = Buffer.concat([uint16(AF_INET), Buffer.alloc(2), ipv4Bytes(to), Buffer.alloc(8)])
      const sent = Number(c.sendto(fd, bytes, bytes.length, 0, target, target.length))
      return sent < 0 ? failure(c, 'sendto') : null
    },
    receive() {
      const c = calls()
      if (isNativeFailure(c) || !isOpen) return null
      const length = Number(c.recvfrom(fd, packet, packet.length, 0, address, int32(ADDRESS_BYTES)))
      if (length < 0) return null // EAGAIN, or the report of an earlier send: the answers' absence tells it all
      const from = [...address.subarray(4, 8)].join('.')
      const begin = isRaw ? ((packet[0] ?? 0) & 15) * 4 : 0
      return { from, bytes: Buffer.from(packet.subarray(begin, length)) }
    },
    close() {
      if (isOpen) closeDescriptor(fd)
      isOpen = false
    },
  }
}
