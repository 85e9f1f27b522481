/**
 * From a capture file of tcpdump to what was seen when: the answers of the service address and the questions they
 * belong to, announcements (gratuitous ARP), heartbeats of UDP, adverts of VRRP. The times are the kernel's.
 */

export type NodeIndex = 1 | 2

export interface Sighting {
  /** Wall clock, milliseconds with fractions. */
  readonly atMs: number
  readonly kind: 'question' | 'answer' | 'announcement' | 'heartbeat' | 'advert'
  /** Who sent it; 0 is the observer. */
  readonly node: NodeIndex | 0
  /** The service address, where it is about one. */
  readonly address: string
  /** Ties an answer to its question. */
  readonly echo: number
}

const FILE_HEAD = 24
const RECORD_HEAD = 16
const ETHERNET_HEAD = 14
const ETHERTYPE = { ip: 0x0800, arp: 0x0806 }
const PROTOCOL = { icmp: 1, udp: 17, vrrp: 112 }
const ECHO_REPLY = 0
const ECHO_REQUEST = 8
export const HEARTBEAT_PORT = 694

const ipText = (bytes: Buffer, at: number): string => bytes.subarray(at, at + 4).join('.')

/** The rig's interfaces end in the number of their node. */
function senderOf(frame: Buffer): NodeIndex | 0 {
  const isOfRig = frame.readUInt32BE(6) === 0x02770000
  const last = frame[11]
  return isOfRig && (last === 1 || last === 2) ? last : 0
}

function sightingIn(frame: Buffer, atMs: number): Sighting | null {
  if (frame.length < ETHERNET_HEAD + 20) return null
  const node = senderOf(frame)
  const body = frame.subarray(ETHERNET_HEAD)
  const type = frame.readUInt16BE(12)
  if (type === ETHERTYPE.arp && body.length >= 28) {
    const [sender, target] = [ipText(body, 14), ipText(body, 24)]
    return sender === target ? { atMs, node, kind: 'announcement', address: sender, echo: 0 } : null
  }
  if (type !== ETHERTYPE.ip) return null
  const payload = body.subarray((body[0]! & 15) * 4)
  if (payload.length < 8) return null
  switch (body[9]) {
    case PROTOCOL.icmp: {
      const echo = payload.readUInt32BE(4)
      if (payload[0] === ECHO_REPLY) return { atMs, node, kind: 'answer', address: ipText(body, 12), echo }
      if (payload[0] !== ECHO_REQUEST) return null
      return { atMs, node, kind: 'question', address: ipText(body, 16), echo }
    }
    case PROTOCOL.udp: {
      // Acknowledgements (t=NS_ackmsg) are no sign of life: they carry no number.
      if (payload.readUInt16BE(2) !== HEARTBEAT_PORT || payload.includes('t=NS_')) return null
      return { atMs, node, kind: 'heartbeat', address: '', echo: 0 }
    }
    case PROTOCOL.vrrp:
      return { atMs, node, kind: 'advert', address: '', echo: 0 }
    default:
      return null
  }
}

/** Takes the file in the pieces in which it grows. */
export class CaptureReader {
  #rest = Buffer.alloc(0)
  #hasHead = false

  read(piece: Buffer): Sighting[] {
    let bytes = Buffer.concat([this.#rest, piece])
    if (!this.#hasHead && bytes.length >= FILE_HEAD) {
      bytes = bytes.subarray(FILE_HEAD)
      this.#hasHead = true
    }
    const found: Sighting[] = []
    while (this.#hasHead && bytes.length >= RECORD_HEAD) {
      const length = bytes.readUInt32LE(8)
      if (bytes.length < RECORD_HEAD + length) break
      const atMs = bytes.readUInt32LE(0) * 1_000 + bytes.readUInt32LE(4) / 1_000
      const sighting = sightingIn(bytes.subarray(RECORD_HEAD, RECORD_HEAD + length), atMs)
      if (sighting) found.push(sighting)
      bytes = bytes.subarray(RECORD_HEAD + length)
    }
    this.#rest = Buffer.from(bytes)
    return found
  }
}
