/** ARP (RFC 826, RFC 5227) as bytes: frames that announce an IPv4 address or ask who has it, and what others say. */

const broadcast = new Uint8Array(6).fill(255)
const unknown = new Uint8Array(6)
// Ethernet type ARP, hardware Ethernet, protocol IPv4, lengths 6 and 4.
const fixed = [0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4]
const request = [0, 1]
const reply = [0, 2]

/** A request and a reply, both from and about the address: some neighbours learn only from the one, some from the other. */
export function arpFrames(mac: Uint8Array, address: Uint8Array): Uint8Array[] {
  const frame = (operation: number[], targetMac: Uint8Array): Uint8Array =>
    Uint8Array.from([
      ...broadcast,
      ...mac,
      ...fixed,
      ...operation,
      ...mac,
      ...address,
      ...targetMac,
      ...address,
    ])
  return [frame(request, unknown), frame(reply, broadcast)]
}

/** Asks who has the address without claiming it: the sender is 0.0.0.0 (RFC 5227, 2.1.1). */
export function arpProbe(mac: Uint8Array, address: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...broadcast,
    ...mac,
    ...fixed,
    ...request,
    ...mac,
    0,
    0,
    0,
    0,
    ...unknown,
    ...address,
  ])
}

export interface ArpSender {
  /** `02:00:00:00:00:01` */
  readonly mac: string
  /** Dotted. */
  readonly address: string
}

const SENDER_AT = 22
const OPERATION_AT = 20
const FRAME_BYTES = 42

/**
 * Who answers `mac`, and which address it holds; null for anything else. What is said to all is no answer: the former
 * owner of an address may still be announcing it when the new one begins to ask.
 */
export function arpAnswer(frame: Uint8Array, mac: Uint8Array): ArpSender | null {
  const isTo = frame.length >= FRAME_BYTES && mac.every((byte, at) => frame[at] === byte)
  if (!isTo || fixed.some((byte, at) => frame[12 + at] !== byte)) return null
  if (reply.some((byte, at) => frame[OPERATION_AT + at] !== byte)) return null
  const from = [...frame.subarray(SENDER_AT, SENDER_AT + 6)].map(byte => byte.toString(16).padStart(2, '0'))
  return { mac: from.join(':'), address: frame.subarray(SENDER_AT + 6, SENDER_AT + 10).join('.') }
}
