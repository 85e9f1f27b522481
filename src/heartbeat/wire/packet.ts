/**
 * A datagram: one message and its signature. Both forms are accepted; only serial lines get the classic one.
 *
 *     datagram = message trailer                  trailer = len ":" authnum SP digest ","
 *     signed   = all bytes of the message, "###\n" to "%%%\n"
 *
 * In classic form the field `auth=authnum digest` signs the lines of all other fields. With `msgfmt classic` (the
 * default) netstring datagrams carry that field as well; nobody looks at it there, the trailer covers it.
 *
 * The key is chosen by the number in the packet. (heartbeat 3.0.6 takes the key of its own outgoing number, so that
 * it rejects a peer who signs with another known key; see docs/protocol.md, "Changing keys".)
 */
import { classicLines, decodeClassic, encodeClassic, encodeClassicLines } from './classic.js'
import { type Compression, compressWhole, hasStruct, wholeText, withCompressedFields } from './compression.js'
import { messageFault, view } from './fields.js'
import { isRefusal, type Message, type MessageFormat, messageBytesMax, type Refusal } from './message.js'
import {
  decodeNetstring,
  netstringEnd,
  netstringField,
  netstringStart,
  netstringText,
  spanAt,
} from './netstring.js'
import { authNumberMax, digest, isDigest, type KeyRing } from './signature.js'
import { writtenField } from './written-fields.js'

export interface Packet {
  readonly form: MessageFormat
  readonly message: Message
  readonly authNumber: number
  readonly digest: string
  /** What the digest must cover. */
  readonly signedBytes: Buffer
}

/**
 * foreign: not of this protocol, to be ignored. malformed: begins like a message and is none. unsigned: no signature
 * where one must be. unknown-key, wrong-digest: the sender lacks a key of ours.
 */
export type PacketFault = 'foreign' | 'malformed' | 'unsigned' | 'unknown-key' | 'wrong-digest'

export interface PacketRefusal extends Refusal {
  readonly fault: PacketFault
}

/** IPv4 allows no larger datagram. */
export const datagramBytesMax = 65_507

const refuse = (fault: PacketFault, reason: string): PacketRefusal => ({ fault, reason })

/** Takes a datagram apart; says nothing about who sent it. */
export function decodePacket(datagram: Uint8Array): Packet | PacketRefusal {
  const bytes = view(datagram)
  if (bytes.length > messageBytesMax) return refuse('malformed', `more than ${messageBytesMax} bytes`)
  switch (bytes.toString('latin1', 0, 4)) {
    case '###\n':
      return decodeNetstringPacket(bytes)
    case '>>>\n':
      return decodeClassicPacket(bytes)
    default:
      return refuse('foreign', 'begins neither with ### nor with >>>')
  }
}

function decodeNetstringPacket(bytes: Buffer): Packet | PacketRefusal {
  const decoded = decodeNetstring(bytes)
  if (isRefusal(decoded)) return refuse('malformed', decoded.reason)
  const { message, end } = decoded
  if (end === bytes.length) return refuse('unsigned', 'nothing follows the message')
  const span = spanAt(bytes, end)
  if (span === 'incomplete') return refuse('unsigned', 'the signature is cut off')
  if (isRefusal(span)) return refuse('unsigned', span.reason)
  if (span.next !== bytes.length) return refuse('malformed', 'bytes after the signature')
  const signature = parseSignature(bytes.toString('latin1', span.from, span.to))
  if (!signature) return refuse('unsigned', 'a signature wants a key number and a digest')
  return { form: 'netstring', message, ...signature, signedBytes: bytes.subarray(0, end) }
}

function decodeClassicPacket(bytes: Buffer): Packet | PacketRefusal {
  const message = decodeClassic(bytes)
  if (isRefusal(message)) return refuse('malformed', message.reason)
  const claims = message.fields.filter(field => field.name === 'auth')
  const claim = claims[0]?.value
  const signature = claims.length === 1 && typeof claim === 'string' ? parseSignature(claim) : null
  if (!signature) return refuse('unsigned', 'no auth field with a key number and a digest')
  // Not the bytes as they came but the text that the decoded fields have: this is what will be acted upon.
  return { form: 'classic', message, ...signature, signedBytes: encodeClassicLines(message.without('auth')) }
}

/** `authnum SP digest`. The longest digest has 40 digits. */
function parseSignature(text: string): { authNumber: number; digest: string } | null {
  const [, number, hex] = /^(0|[1-9]\d?) ([0-9a-f]{1,40})$/.exec(text) ?? []
  if (number === undefined || hex === undefined || Number(number) > authNumberMax) return null
  return { authNumber: Number(number), digest: hex }
}

/** Why this packet is not from a holder of our keys; null when it is. */
function verifyPacket(packet: Packet, ring: KeyRing): PacketRefusal | null {
  const key = ring.keys.get(packet.authNumber)
  if (!key) return refuse('unknown-key', `signed with key ${packet.authNumber}, which authkeys does not have`)
  if (isDigest(key, packet.signedBytes, packet.digest)) return null
  return refuse('wrong-digest', `the ${key.method} digest of key ${packet.authNumber} does not match`)
}

/** What a daemon does with each datagram: only a packet with a right signature comes out. */
export function openPacket(datagram: Uint8Array, ring: KeyRing): Packet | PacketRefusal {
  const packet = decodePacket(datagram)
  return isRefusal(packet) ? packet : (verifyPacket(packet, ring) ?? packet)
}

/**
 * The datagram for a fully stamped message, signed with our outgoing key. What is too large for one is compressed even
 * where nobody asked for it: heartbeat 3.0.6 does the same at its own limit.
 */
export function sealMessage(
  message: Message,
  ring: KeyRing,
  format: MessageFormat,
  compression: Compression | null = null,
): Buffer | Refusal {
  if (!compression?.isTraditional) {
    const sealed = sealPlain(message, ring, format)
    if (sealed !== null) return sealed
  }
  const fault = messageFault(message)
  if (fault !== null) return { reason: fault }
  if (!compression) return seal(inFormat(message, ring, format), ring)
  const { codec, isTraditional, thresholdBytes } = compression
  const whole = (): Buffer => wholeText(inFormat(message, ring, format), format)
  const compressed = (text: Buffer): Buffer | Refusal => seal(compressWhole(text, codec), ring)
  if (isTraditional) {
    const text = whole()
    if (text.length > thresholdBytes) return compressed(text)
  }
  const sealed = seal(inFormat(withCompressedFields(message, codec, format), ring, format), ring)
  return isRefusal(sealed) ? compressed(whole()) : sealed
}

/**
 * The same in one go for what nearly all messages are: plain values, and small enough. Null: to be done step by step.
 * This is on the path of every beat.
 */
function sealPlain(message: Message, ring: KeyRing, format: MessageFormat): Buffer | null {
  let text = netstringStart
  let lines = ''
  for (const field of message.fields) {
    const written = field.name === 'auth' ? null : writtenField(field)
    if (written === null) return null
    text += written.netstring
    lines += written.line
  }
  if (format === 'classic') text += netstringField({ name: 'auth', value: signatureOf(lines, ring) })
  const sealed = withTrailer(text + netstringEnd, ring)
  return isRefusal(sealed) ? null : sealed
}

/** Of a message that is known to be writable. */
function seal(message: Message, ring: KeyRing): Buffer | Refusal {
  return withTrailer(netstringText(message), ring)
}

function withTrailer(signed: string, ring: KeyRing): Buffer | Refusal {
  const signature = signatureOf(signed, ring)
  const length = signed.length + String(signature.length).length + signature.length + TRAILER_SIGNS
  if (length > datagramBytesMax)
    return { reason: `a message of ${length} bytes does not fit into a datagram` }
  return Buffer.from(`${signed}${signature.length}:${signature},`, 'latin1')
}

/** The colon and the comma. */
const TRAILER_SIGNS = 2

/** For media that carry lines: the classic form with its `auth` field, never compressed as a whole. */
export function sealClassic(
  message: Message,
  ring: KeyRing,
  format: MessageFormat,
  compression: Compression | null = null,
): Buffer | Refusal {
  const fault = messageFault(message)
  if (fault !== null) return { reason: fault }
  const prepared = compression ? withCompressedFields(message, compression.codec, format) : message
  return encodeClassic(withInnerAuth(prepared, ring))
}

/** A message with structs has no classic text in the original, so that it has no inner signature either. */
function inFormat(message: Message, ring: KeyRing, format: MessageFormat): Message {
  return format === 'classic' && !hasStruct(message) ? withInnerAuth(message, ring) : message
}

/** The same message with the field `auth` that signs its classic text. */
function withInnerAuth(message: Message, ring: KeyRing): Message {
  return message.with('auth', signatureOf(classicLines(message.without('auth')), ring))
}

function signatureOf(signed: string, ring: KeyRing): string {
  return `${ring.outgoing.number} ${digest(ring.outgoing, signed)}`
}
