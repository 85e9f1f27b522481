/**
 * Compressed messages, as heartbeat 3.0.6 with cluster-glue's plugin zlib writes and reads them (measured; docs/protocol.md,
 * section 2.4). Two ways:
 *
 *     a field of type 5 (struct to be compressed)  ->  type 4, and a field _compression_algorithm=zlib
 *     traditional: a whole message above the threshold  ->  _compressed_payload, _compression_algorithm, nothing else
 *
 * The first happens to every such field whatever its size and whatever ha.cf says; only API clients write them, and only
 * they read the value again. The second is what `traditional_compression on` asks for; the daemon undoes it.
 * The algorithm itself is handed in.
 */
import { decodeClassic, encodeClassic } from './classic.js'
import { isRefusal, Message, type MessageFormat, messageBytesMax, type Refusal } from './message.js'
import { decodeNetstring, encodeNetstring } from './netstring.js'

export interface Codec {
  /** As the field _compression_algorithm names it. */
  readonly name: string
  compress(bytes: Uint8Array): Uint8Array
  /** null: no such bytes, or they would become more than `bytesMax`. */
  expand(bytes: Uint8Array, bytesMax: number): Uint8Array | null
}

export interface Compression {
  readonly codec: Codec
  readonly isTraditional: boolean
  /** A message with more bytes is compressed in the traditional way. */
  readonly thresholdBytes: number
}

const PAYLOAD = '_compressed_payload'
const ALGORITHM = '_compression_algorithm'

/** Fields of type 5 become type 4. In classic form the struct ends with a NUL, as the original's C string does. */
export function withCompressedFields(message: Message, codec: Codec, format: MessageFormat): Message {
  if (!hasStruct(message)) return message
  let isChanged = false
  const fields = message.fields.map(field => {
    const { name, value } = field
    if (typeof value === 'string' || value instanceof Uint8Array || value.type !== 5) return field
    const struct = structText(value.raw, format)
    if (struct === null) return field
    isChanged = true
    return { name, value: { type: 4 as const, raw: codec.compress(struct) } }
  })
  return isChanged ? new Message(fields).with(ALGORITHM, codec.name) : message
}

/** `raw` is a message in netstring form. */
function structText(raw: Uint8Array, format: MessageFormat): Uint8Array | null {
  if (format === 'netstring') return raw
  const decoded = decodeNetstring(raw)
  return isRefusal(decoded) ? null : withNul(encodeClassic(decoded.message))
}

const withNul = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)])

export function hasStruct(message: Message): boolean {
  return message.fields.some(({ value }) => typeof value !== 'string' && !(value instanceof Uint8Array))
}

/** The bytes whose length is compared with the threshold, and which are compressed. */
export function wholeText(message: Message, format: MessageFormat): Buffer {
  const isClassic = format === 'classic' && !hasStruct(message)
  return isClassic ? withNul(encodeClassic(message)) : encodeNetstring(message)
}

export function compressWhole(text: Buffer, codec: Codec): Message {
  return Message.of([PAYLOAD, Uint8Array.from(codec.compress(text))], [ALGORITHM, codec.name])
}

/** The message that was meant: the same one when it is not compressed as a whole. Its signature must have been verified. */
export function expandWhole(message: Message, codec: Codec): Message | Refusal {
  const payload = message.bytes(PAYLOAD)
  if (!payload) return message
  const algorithm = message.text(ALGORITHM)
  if (algorithm !== codec.name) {
    return {
      reason: `a message compressed with ${algorithm ?? 'nothing known'}; only ${codec.name} is understood`,
    }
  }
  const text = codec.expand(payload, messageBytesMax)
  if (!text) return { reason: `a compressed message that is damaged or above ${messageBytesMax} bytes` }
  const inner = decodeEither(text)
  if (isRefusal(inner)) return { reason: `in a compressed message: ${inner.reason}` }
  return inner.bytes(PAYLOAD) ? { reason: 'a compressed message in a compressed message' } : inner
}

function decodeEither(text: Uint8Array): Message | Refusal {
  if (text[0] !== 0x23) return decodeClassic(text)
  const decoded = decodeNetstring(text)
  return isRefusal(decoded) ? decoded : decoded.message
}
