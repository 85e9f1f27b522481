/**
 * What the kernel tells of interfaces, IPv4 addresses and IPv4 routes over rtnetlink(7): a request for all of a kind,
 * and the reading of the answer; and requests to set an IPv4 address and to take it away. Numbers are little-endian, as on all processors for which native.ts knows the calls.
 *
 *     message   = length(4) type(2) flags(2) sequence(4) port(4) body attribute*, padded to 4
 *     attribute = length(2) type(2) value, padded to 4
 */

const HEAD = 16
const REQUEST_DUMP = 0x301
/** Request, acknowledge; to add also: create, and only what is not there. */
const REQUEST_CHANGE = 0x005
const REQUEST_ADD = 0x605
const ERROR = 2
const DONE = 3
const NEWLINK = 16
const NEWADDR = 20
const DELADDR = 21
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

export interface AddressChange {
  readonly change: 'add' | 'remove'
  /** Of the interface. */
  readonly index: number
  /** Four bytes each. */
  readonly address: Uint8Array
  readonly prefix: number
  readonly broadcast: Uint8Array | null
  readonly label: string | null
}

/** As `ip -f inet addr add` and `del` ask; answered by an acknowledgement. */
export function addressRequest({
  change,
  index,
  address,
  prefix,
  broadcast,
  label,
}: AddressChange): Uint8Array {
  const attributes = [
    ...attribute(IFA.local, address),
    ...attribute(IFA.address, address),
    ...(broadcast === null ? [] : attribute(IFA.broadcast, broadcast)),
    ...(label === null ? [] : attribute(IFA.label, [...label].map(letter => letter.charCodeAt(0)).concat(0))),
  ]
  const bytes = new Uint8Array(HEAD + NETLINK_KINDS.addresses.body + attributes.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, change === 'add' ? NEWADDR : DELADDR, true)
  view.setUint16(6, change === 'add' ? REQUEST_ADD : REQUEST_CHANGE, true)
  bytes[HEAD] = AF_INET
  bytes[HEAD + 1] = prefix
  view.setUint32(HEAD + 4, index, true)
  bytes.set(attributes, HEAD + NETLINK_KINDS.addresses.body)
  return bytes
}

/** The number of the error in an acknowledgement, 0 when it was done; null when it is none. */
export function errorNumber(bytes: Uint8Array): number | null {
  if (bytes.length < HEAD + 4) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint16(4, true) === ERROR ? Math.abs(view.getInt32(HEAD, true)) : null
}

function attribute(type: number, value: ArrayLike<number>): number[] {
  const length = 4 + value.length
  const rest = new Array<number>(padded(length) - length).fill(0)
  return [length & 0xff, length >> 8, type, 0, ...Array.from(value), ...rest]
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
