/**
 * The header of the PROXY protocol, by which a real server learns who is at the other end of a connection that comes
 * from the proxy. Format: proxy-protocol.txt of HAProxy, versions 1 (a line of text) and 2 (binary).
 */
import { isIPv4, toNumber } from '../../../base/ipv4.js'
import { toBytes } from '../../../base/ipv6.js'
import type { ProxyProtocol } from '../../core/table.js'

export interface Ends {
  readonly protocol: 'tcp' | 'udp'
  /** Who called. */
  readonly from: Place
  /** What was called. */
  readonly to: Place
}

export interface Place {
  readonly address: string
  readonly port: number
}

//  0       12       13      14       16
//  | signature | 2, PROXY | family | length | addresses and ports
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const VERSION_2_PROXY = 0x21
const FAMILY = { 4: 0x10, 6: 0x20 } as const
const TRANSPORT = { tcp: 0x1, udp: 0x2 } as const

export function proxyHeader(version: ProxyProtocol, ends: Ends): Buffer {
  return version === 'v1' ? textHeader(ends) : binaryHeader(ends)
}

/** For TCP alone: version 1 has no datagrams. */
function textHeader({ from, to }: Ends): Buffer {
  const family = isIPv4(from.address) ? 'TCP4' : 'TCP6'
  return Buffer.from(
    `PROXY ${family} ${withoutZone(from.address)} ${withoutZone(to.address)} ${from.port} ${to.port}\r\n`,
    'latin1',
  )
}

function binaryHeader({ protocol, from, to }: Ends): Buffer {
  const family = FAMILY[isIPv4(from.address) ? 4 : 6] | TRANSPORT[protocol]
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(from.port, 0)
  ports.writeUInt16BE(to.port, 2)
  const body = Buffer.concat([bytesOf(from.address), bytesOf(to.address), ports])
  const head = Buffer.from([VERSION_2_PROXY, family, body.length >> 8, body.length & 255])
  return Buffer.concat([SIGNATURE, head, body])
}

/** The zone of a link-local address means nothing to another machine. */
export const withoutZone = (address: string): string => address.split('%', 1)[0] ?? address

function bytesOf(address: string): Uint8Array {
  if (!isIPv4(address)) return toBytes(withoutZone(address))
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(toNumber(address))
  return bytes
}
