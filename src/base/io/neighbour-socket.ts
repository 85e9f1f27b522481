/**
 * A socket that asks the neighbours of one interface who has an IPv6 address (neighbour solicitation, RFC 4861) and
 * hears their answers, through the optional package koffi. Nothing here waits.
 */
import { networkInterfaces } from 'node:os'
import { hardwareOf } from './ethernet.js'
import {
  calls,
  closeDescriptor,
  failure,
  int32,
  isNativeFailure,
  type NativeFailure,
  networkUint16,
  SO_BINDTODEVICE,
  SOCK_NONBLOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
  uint16,
} from './native.js'

const AF_INET6 = 10
const IPPROTO_ICMPV6 = 58
const IPPROTO_IPV6 = 41
const IPV6_MULTICAST_HOPS = 18
const ICMP6_FILTER = 1
const SOLICITATION = 135
const ADVERTISEMENT = 136
const SOURCE_LINK_LAYER_ADDRESS = 1
const TARGET_LINK_LAYER_ADDRESS = 2
/** RFC 4861 wants it of every neighbour message, so that it cannot come from elsewhere. */
const HOP_LIMIT = 255
const MESSAGE_BYTES_MAX = 256
const ADDRESS_BYTES = 28

export interface NeighbourSocket {
  /** Asks who has the address, given as its 16 bytes; null: the kernel took it. */
  solicit(address: Uint8Array): NativeFailure | null
  /** The next advertisement: about which address, by which Ethernet address (`unknown` if it does not say). */
  receive(): { readonly target: Uint8Array; readonly mac: string } | 'other' | null
  close(): void
}

const socketAddress = (address: Uint8Array, scope: number): Buffer =>
  Buffer.concat([uint16(AF_INET6), networkUint16(0), int32(0), address, int32(scope)])

/** The link-local address of the interface and its scope: the question must not come from the address asked for. */
function linkLocal(device: string): { bytes: Uint8Array; scope: number } | null {
  const found = networkInterfaces()[device]?.find(
    at => at.family === 'IPv6' && at.address.startsWith('fe80::'),
  )
  if (found === undefined || found.family !== 'IPv6') return null
  const groups = found.address
    .slice('fe80::'.length)
    .split(':')
    .map(group => Number.parseInt(group, 16))
  const bytes = Buffer.alloc(16)
  bytes.set([0xfe, 0x80])
  for (const [at, group] of groups.entries()) bytes.writeUInt16BE(group, 16 - 2 * (groups.length - at))
  return { bytes, scope: found.scopeid }
}

/** ff02::1:ff and the last three bytes: where the holder of an address listens (RFC 4291, 2.7.1). */
const solicitedNode = (address: Uint8Array): Uint8Array =>
  Uint8Array.from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...address.subarray(13)])

export function openNeighbourSocket(device: string): NeighbourSocket | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const hardware = hardwareOf(c, device)
  if (isNativeFailure(hardware)) return hardware
  const own = linkLocal(device)
  if (own === null) return { reason: `${device} has no link-local address`, code: 'EADDRNOTAVAIL' }
  const fd = c.socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, IPPROTO_ICMPV6)
  if (fd < 0) return failure(c, 'ICMPv6 socket')
  const onlyAdvertisements = Buffer.alloc(32, 255)
  const word = ADVERTISEMENT >> 5
  int32(~(1 << (ADVERTISEMENT & 31))).copy(onlyAdvertisements, 4 * word)
  const from = socketAddress(own.bytes, own.scope)
  const isReady =
    c.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, onlyAdvertisements, onlyAdvertisements.length) === 0 &&
    c.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${device}\0`), device.length + 1) === 0 &&
    c.setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, int32(HOP_LIMIT), 4) === 0 &&
    c.bind(fd, from, from.length) === 0
  if (!isReady) {
    const fault = failure(c, 'ICMPv6 socket')
    c.close(fd)
    return fault
  }
  const message = Buffer.alloc(MESSAGE_BYTES_MAX)
  const sender = Buffer.alloc(ADDRESS_BYTES)
  return {
    solicit(address) {
      const to = socketAddress(solicitedNode(address), own.scope)
      // Without our Ethernet address Linux does not answer. The kernel fills in the checksum.
      const source = [SOURCE_LINK_LAYER_ADDRESS, 1, ...hardware.mac]
      const bytes = Buffer.from([SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...address, ...source])
      return Number(c.sendto(fd, bytes, bytes.length, 0, to, to.length)) < 0 ? failure(c, 'sendto') : null
    },
    receive() {
      const length = Number(c.recvfrom(fd, message, message.length, 0, sender, int32(sender.length)))
      return length < 0 ? null : advertisement(message.subarray(0, length))
    },
    close: () => closeDescriptor(fd),
  }
}

/** Type, code, checksum, flags (8 bytes), target (16), options of type, length in units of 8, value. */
function advertisement(bytes: Uint8Array): { target: Uint8Array; mac: string } | 'other' {
  if (bytes.length < 24 || bytes[0] !== ADVERTISEMENT) return 'other'
  const hasMac = bytes.length >= 32 && bytes[24] === TARGET_LINK_LAYER_ADDRESS && bytes[25] === 1
  const mac = hasMac
    ? [...bytes.subarray(26, 32)].map(byte => byte.toString(16).padStart(2, '0')).join(':')
    : 'unknown'
  return { target: Uint8Array.from(bytes.subarray(8, 24)), mac }
}
