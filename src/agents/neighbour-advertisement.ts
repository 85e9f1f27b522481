/**
 * The unsolicited neighbour advertisement (RFC 4861, 4.4 and 7.2.6) as bytes: it tells all nodes of a link that an
 * IPv6 address is now at this hardware address, as gratuitous ARP does for IPv4.
 */

const ICMPV6 = 58
const HOP_LIMIT = 255
const NEIGHBOUR_ADVERTISEMENT = 136
const OVERRIDE = 0x20
const TARGET_LINK_LAYER_ADDRESS = 2

/** ff02::1, all nodes of the link. */
const allNodes = Uint8Array.from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
const allNodesMac = [0x33, 0x33, 0, 0, 0, 1]

/** RFC 1071 over 16-bit words; the length is even here. */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}

/** A whole Ethernet frame, from the address to all nodes. */
export function advertisementFrame(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const message = Uint8Array.from([
    ...[NEIGHBOUR_ADVERTISEMENT, 0, 0, 0],
    ...[OVERRIDE, 0, 0, 0],
    ...address,
    ...[TARGET_LINK_LAYER_ADDRESS, 1],
    ...mac,
  ])
  const pseudoHeader = [...address, ...allNodes, 0, 0, 0, message.length, 0, 0, 0, ICMPV6]
  const checksum = internetChecksum(Uint8Array.from([...pseudoHeader, ...message]))
  message[2] = checksum >> 8
  message[3] = checksum & 255
  const header = [0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT, ...address, ...allNodes]
  return Uint8Array.from([...allNodesMac, ...mac, 0x86, 0xdd, ...header, ...message])
}
