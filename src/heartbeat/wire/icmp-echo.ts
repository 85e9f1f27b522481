/**
 * ICMP echo request and reply (RFC 792 and 4443): how a ping node is asked, and how its answer is recognised. The
 * checksum of version 6 covers addresses too: the kernel writes and checks it.
 */

export type IpVersion = 4 | 6

const TYPES = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const
const HEADER_BYTES = 8

export interface Echo {
  readonly id: number
  readonly sequence: number
  readonly data: Uint8Array
}

export function encodeEchoRequest({ id, sequence, data }: Echo, version: IpVersion): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + data.length)
  bytes[0] = TYPES[version].request
  bytes.writeUInt16BE(id & 0xffff, 4)
  bytes.writeUInt16BE(sequence & 0xffff, 6)
  bytes.set(data, HEADER_BYTES)
  if (version === 4) bytes.writeUInt16BE(checksum(bytes), 2)
  return bytes
}

/** Null: no echo reply, or a damaged one. */
export function decodeEchoReply(bytes: Buffer, version: IpVersion): Echo | null {
  if (bytes.length < HEADER_BYTES || bytes[0] !== TYPES[version].reply || bytes[1] !== 0) return null
  if (version === 4 && checksum(bytes) !== 0) return null
  return {
    id: bytes.readUInt16BE(4),
    sequence: bytes.readUInt16BE(6),
    data: bytes.subarray(HEADER_BYTES),
  }
}

/** RFC 1071; 0 over bytes that hold their own right checksum. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1]! << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
