/** Gratuitous ARP (RFC 826, RFC 5227): frames that announce an IPv4 address, as bytes. */

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
