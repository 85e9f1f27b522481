/**
 * Reads the recorded packets: classic pcap, little-endian, Ethernet, gzipped. Gives the payload of each IPv4 UDP
 * datagram and of each ICMP echo, in order; ARP, IGMP, IPv6 and ICMP errors are left out.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

export interface CapturedPacket {
  readonly protocol: 'udp' | 'icmp'
  /** Unix seconds. */
  readonly atSeconds: number
  readonly source: string
  readonly destination: string
  /** 0 for ICMP. */
  readonly destinationPort: number
  readonly payload: Buffer
}

// Compiled tests run from dist/test/captures; the recordings stay in test/captures.
const here = dirname(fileURLToPath(import.meta.url)).replace(/\/dist(?=\/test\/captures$)/, '')

/** Names of all recordings, such as `cold-start-both`. */
export function captureNames(): string[] {
  return readdirSync(here)
    .filter(name => name.endsWith('.pcap.gz'))
    .map(name => name.slice(0, -'.pcap.gz'.length))
    .sort()
}

export function readCapture(name: string): CapturedPacket[] {
  const file = gunzipSync(readFileSync(join(here, `${name}.pcap.gz`)))
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 1)
    throw new Error(`${name}: not a pcap`)
  const packets: CapturedPacket[] = []
  for (let at = 24; at < file.length; ) {
    const atSeconds = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6
    const length = file.readUInt32LE(at + 8)
    const packet = packetOf(file.subarray(at + 16, at + 16 + length), atSeconds)
    if (packet) packets.push(packet)
    at += 16 + length
  }
  return packets
}

function packetOf(frame: Buffer, atSeconds: number): CapturedPacket | null {
  if (frame.readUInt16BE(12) !== 0x0800) return null
  const ip = frame.subarray(14, 14 + frame.readUInt16BE(16))
  const body = ip.subarray((ip[0]! & 15) * 4)
  const source = [...ip.subarray(12, 16)].join('.')
  const destination = [...ip.subarray(16, 20)].join('.')
  if (ip[9] === 17) {
    const payload = body.subarray(8, body.readUInt16BE(4))
    return {
      protocol: 'udp',
      atSeconds,
      source,
      destination,
      destinationPort: body.readUInt16BE(2),
      payload,
    }
  }
  const isEcho = ip[9] === 1 && (body[0] === 0 || body[0] === 8)
  if (!isEcho) return null
  return { protocol: 'icmp', atSeconds, source, destination, destinationPort: 0, payload: body.subarray(8) }
}
