/**
 * What the kernel tells of interfaces, IPv4 addresses and IPv4 routes over rtnetlink(7): a request for all of a kind,
 * and the reading of the answer. Numbers are little-endian, as on all processors for which native.ts knows the calls.
 *
 *     message   = length(4) type(2) flags(2) sequence(4) port(4) body attribute*, padded to 4
 *     attribute = length(2) type(2) value, padded to 4
 */

const HEAD = 16
const REQUEST_DUMP = 0x301
const ERROR = 2
const DONE = 3
const NEWLINK = 16
const NEWADDR = 20
const NEWROUTE = 24
const AF_INET = 2
const MAIN_TABLE = 254
const IFLA_IFNAME = 3
const IFF_UP = 1
const IFA = { address: 1, local: 2, label: 3, broadcast: 4 }
const RTA = { destination: 1, interface: 4, table: 15 }

/** The type of the request, and how long the fixed part of its messages is. */
export const NETLINK_KINDS = {
  links: { request: 18, body: 16 },
  addresses: { request: 22, body: 8 },
  routes: { request: 26, body: 12 },
} as const
export type NetlinkKind = keyof typeof NETLINK_KINDS

export type NetlinkRecord =
  | { readonly kind: 'link'; readonly index: number; readonly name: string; readonly isUp: boolean }
  | {
      readonly kind: 'address'
      readonly index: number
      readonly address: string
      readonly prefix: number
      readonly broadcast: string | null
      readonly label: string | null
    }
  | { readonly kind: 'route'; readonly index: number; readonly network: string; readonly prefix: number }

export interface NetlinkAnswer {
  readonly records: readonly NetlinkRecord[]
  /** `more`: another datagram follows; `failed`: the kernel refused, or this is no answer. */
  readonly end: 'more' | 'done' | 'failed'
}

export function netlinkRequest(kind: NetlinkKind): Uint8Array {
  const { request, body } = NETLINK_KINDS[kind]
  const bytes = new Uint8Array(HEAD + body)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, request, true)
  view.setUint16(6, REQUEST_DUMP, true)
  // The family; interfaces have none.
  bytes[HEAD] = kind === 'links' ? 0 : AF_INET
  return bytes
}

/** One datagram of an answer. */
export function readNetlink(bytes: Uint8Array): NetlinkAnswer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: NetlinkRecord[] = []
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const length = view.getUint32(at, true)
    if (length < HEAD || at + length > bytes.length) return { records, end: 'failed' }
    const type = view.getUint16(at + 4, true)
    if (type === DONE) return { records, end: 'done' }
    if (type === ERROR) return { records, end: 'failed' }
    const record = recordIn(type, bytes.subarray(at + HEAD, at + length))
    if (record !== null) records.push(record)
    at += padded(length)
  }
  return { records, end: 'more' }
}

const padded = (length: number): number => (length + 3) & ~3
const ipv4 = (value: Uint8Array | undefined): string | null => (value?.length === 4 ? value.join('.') : null)
const name = (value: Uint8Array | undefined): string | null =>
  value === undefined ? null : String.fromCharCode(...value).replace(/\0.*$/s, '')

function uint32(value: Uint8Array | undefined, at = 0): number | null {
  if (value === undefined || value.length < at + 4) return null
  return new DataView(value.buffer, value.byteOffset + at, 4).getUint32(0, true)
}

function recordIn(type: number, message: Uint8Array): NetlinkRecord | null {
  switch (type) {
    case NEWLINK:
      return linkIn(message)
    case NEWADDR:
      return addressIn(message)
    case NEWROUTE:
      return routeIn(message)
    default:
      return null
  }
}

function linkIn(message: Uint8Array): NetlinkRecord | null {
  const index = uint32(message, 4)
  const text = name(attributesIn(message, NETLINK_KINDS.links.body).get(IFLA_IFNAME))
  const flags = uint32(message, 8) ?? 0
  return index === null || text === null
    ? null
    : { kind: 'link', index, name: text, isUp: (flags & IFF_UP) !== 0 }
}

function addressIn(message: Uint8Array): NetlinkRecord | null {
  const index = uint32(message, 4)
  const attributes = attributesIn(message, NETLINK_KINDS.addresses.body)
  // On a point-to-point link the plain address is the other end's.
  const address = ipv4(attributes.get(IFA.local) ?? attributes.get(IFA.address))
  if (index === null || address === null || message[0] !== AF_INET) return null
  const broadcast = ipv4(attributes.get(IFA.broadcast))
  return {
    kind: 'address',
    index,
    address,
    prefix: message[1]!,
    broadcast,
    label: name(attributes.get(IFA.label)),
  }
}

/** Of the main table, with one interface: what `ip route show` prints with `dev`. */
function routeIn(message: Uint8Array): NetlinkRecord | null {
  const attributes = attributesIn(message, NETLINK_KINDS.routes.body)
  const index = uint32(attributes.get(RTA.interface))
  const table = uint32(attributes.get(RTA.table)) ?? message[4]
  if (index === null || table !== MAIN_TABLE || message[0] !== AF_INET) return null
  const network = ipv4(attributes.get(RTA.destination)) ?? '0.0.0.0'
  return { kind: 'route', index, network, prefix: message[1]! }
}

/** By type; of two of a type the first counts. */
function attributesIn(message: Uint8Array, from: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let at = from; at + 4 <= message.length; ) {
    const length = message[at]! | (message[at + 1]! << 8)
    if (length < 4 || at + length > message.length) break
    const type = (message[at + 2]! | (message[at + 3]! << 8)) & 0x3fff
    if (!found.has(type)) found.set(type, message.subarray(at + 4, at + length))
    at += padded(length)
  }
  return found
}
