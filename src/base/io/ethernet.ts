/**
 * Whole Ethernet frames on an interface, those of a gratuitous ARP among them, and the address of the interface that
 * they are made from.
 */
import { close, readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { arpFrames } from '../arp.js'
import {
  AF_PACKET,
  type Calls,
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

export const ETH_P_ARP = 0x0806

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
