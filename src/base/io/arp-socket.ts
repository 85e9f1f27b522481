/**
 * A socket that sends and hears ARP on one interface, through the optional package koffi. Nothing here waits: who wants
 * an answer looks again.
 */
import { type ArpSender, arpAnswer, arpProbe } from '../arp.js'
import { closeAside, ETH_P_ARP, hardwareOf } from './ethernet.js'
import {
  AF_PACKET,
  calls,
  failure,
  int32,
  ipv4Bytes,
  isNativeFailure,
  type NativeFailure,
  networkUint16,
  SOCK_NONBLOCK_CLOEXEC,
  SOCK_RAW,
  uint16,
} from './native.js'

const FRAME_BYTES_MAX = 128
const LINK_ADDRESS_BYTES = 20

export interface ArpSocket {
  /** Asks who has the address; null: the kernel took it. */
  probe(address: string): NativeFailure | null
  /** Who answered us next; null when nothing has come, 'other' for a frame that is no answer to us. */
  receive(): ArpSender | 'other' | null
  close(): void
}

const linkAddress = (index: number): Buffer =>
  Buffer.concat([
    uint16(AF_PACKET),
    networkUint16(ETH_P_ARP),
    int32(index),
    Buffer.from([0, 0, 0, 6, 255, 255, 255, 255, 255, 255, 0, 0]),
  ])

export function openArpSocket(device: string): ArpSocket | NativeFailure {
  const c = calls()
  if (isNativeFailure(c)) return c
  const hardware = hardwareOf(c, device)
  if (isNativeFailure(hardware)) return hardware
  const [high = 0, low = 0] = networkUint16(ETH_P_ARP)
  // The protocol in network order, as packet(7) wants it.
  const fd = c.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, uint16InHost(high, low))
  if (fd < 0) return failure(c, 'packet socket')
  const address = linkAddress(hardware.index)
  if (c.bind(fd, address, address.length) !== 0) {
    const fault = failure(c, 'bind')
    c.close(fd)
    return fault
  }
  const frame = Buffer.alloc(FRAME_BYTES_MAX)
  const from = Buffer.alloc(LINK_ADDRESS_BYTES)
  return {
    probe(asked) {
      const bytes = arpProbe(hardware.mac, ipv4Bytes(asked))
      return Number(c.sendto(fd, bytes, bytes.length, 0, address, address.length)) < 0
        ? failure(c, 'sendto')
        : null
    },
    receive() {
      const length = Number(c.recvfrom(fd, frame, frame.length, 0, from, int32(from.length)))
      return length < 0 ? null : (arpAnswer(frame.subarray(0, length), hardware.mac) ?? 'other')
    },
    close: () => closeAside(fd),
  }
}

/** The number whose bytes in memory are these two. */
function uint16InHost(first: number, second: number): number {
  return new Uint16Array(Uint8Array.from([first, second]).buffer)[0] ?? 0
}
