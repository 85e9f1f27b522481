/**
 * The form of a message on the network: each field says its length, so that values may hold any byte.
 *
 *     message = "###\n" *field "%%%\n"
 *     field   = len ":" "(" type ")" name "=" value ","     len = decimal bytes from "(" to the end of value
 *     type    = "0" string / "1" binary / "2" struct (a message) / "3" list / "4" compressed / "5" as 2
 *
 * The signature that follows in a datagram is packet.ts's. Lengths are read strictly (no sign, no leading zero): no
 * sender writes them otherwise, and then equal messages have equal bytes.
 */
import { assert } from '../../base/assert.js'
import { depthMax, isFieldName, isFieldText, messageFault, view } from './fields.js'
import { type Field, type FieldValue, isRefusal, Message, messageBytesMax, type Refusal } from './message.js'

export const netstringStart = '###\n'
export const netstringEnd = '%%%\n'

const colon = 0x3a
const comma = 0x2c
const equals = 0x3d
const open = 0x28
const close = 0x29
const zero = 0x30

/** The piece that stands at `at`, where more bytes may still come. */
export type Span = { readonly from: number; readonly to: number; readonly next: number }

/** `len ":" bytes ","` at `at`: the place of its bytes, 'incomplete', or why it is none. */
export function spanAt(bytes: Buffer, at: number): Span | 'incomplete' | Refusal {
  let length = 0
  let digits = 0
  for (; ; digits++) {
    const byte = bytes[at + digits]
    if (byte === undefined) return 'incomplete'
    if (byte === colon) break
    if (byte < zero || byte > zero + 9)
      return { reason: `byte ${at + digits}: a length wants digits and a colon` }
    if (digits > 0 && length === 0) return { reason: `byte ${at}: a length with a leading zero` }
    length = length * 10 + byte - zero
    if (length > messageBytesMax) return { reason: `byte ${at}: a length above ${messageBytesMax}` }
  }
  if (digits === 0) return { reason: `byte ${at}: a length wants digits and a colon` }
  const from = at + digits + 1
  const to = from + length
  if (to >= bytes.length) return 'incomplete'
  if (bytes[to] !== comma) return { reason: `byte ${to}: no comma after a field` }
  return { from, to, next: to + 1 }
}

/** The field between `from` and `to`; `textIn` gives the bytes as a text of one character per byte. */
export function fieldIn(
  bytes: Buffer,
  from: number,
  to: number,
  depth: number,
  textIn = (from: number, to: number): string => bytes.toString('latin1', from, to),
): Field | Refusal {
  const type = (bytes[from + 1] ?? 0) - zero
  const isTyped = to - from >= 3 && bytes[from] === open && bytes[from + 2] === close
  if (!isTyped || type < 0 || type > 5) return { reason: `byte ${from}: a field wants a type, (0) to (5)` }
  const nameEnd = bytes.indexOf(equals, from + 3)
  if (nameEnd === -1 || nameEnd >= to) return { reason: `byte ${from}: a field without =` }
  const name = textIn(from + 3, nameEnd)
  if (!isFieldName(name)) return { reason: `byte ${from}: not the name of a field` }
  const value =
    type === 0
      ? decodeString(textIn(nameEnd + 1, to))
      : decodeValue(bytes.subarray(nameEnd + 1, to), type, depth)
  if (isFieldValue(value)) return { name, value }
  return { reason: `field ${name}: ${value.reason}` }
}

function isFieldValue(value: FieldValue | Refusal): value is FieldValue {
  return typeof value === 'string' || !isRefusal(value)
}

const decodeString = (text: string): string | Refusal =>
  isFieldText(text) ? text : { reason: 'a NUL in a string' }

function decodeValue(raw: Buffer, type: number, depth: number): FieldValue | Refusal {
  switch (type) {
    case 1:
      return Uint8Array.from(raw)
    case 2:
    case 5: {
      const inner = decodeNetstring(raw, depth + 1)
      if (isRefusal(inner)) return inner
      if (inner.end !== raw.length) return { reason: 'bytes after a nested message' }
      return { type, raw: Uint8Array.from(raw) }
    }
    case 3:
      return isFieldText(raw.toString('latin1'))
        ? { type, raw: Uint8Array.from(raw) }
        : { reason: 'a NUL in a list' }
    default:
      return { type: 4, raw: Uint8Array.from(raw) }
  }
}

/** The message at the start of the bytes, and where it ends (behind `%%%\n`). */
export function decodeNetstring(bytes: Uint8Array, depth = 0): { message: Message; end: number } | Refusal {
  const buffer = view(bytes)
  if (buffer.length > messageBytesMax) return { reason: `more than ${messageBytesMax} bytes` }
  if (depth > depthMax) return { reason: `structs nested deeper than ${depthMax}` }
  // Once for all fields: to ask a buffer for each name and value costs more than the rest of the work.
  const text = buffer.toString('latin1')
  if (!text.startsWith(netstringStart)) return { reason: 'does not begin with ###' }
  const textIn = (from: number, to: number): string => text.slice(from, to)
  const fields: Field[] = []
  let at = netstringStart.length
  while (!text.startsWith(netstringEnd, at)) {
    const span = spanAt(buffer, at)
    if (span === 'incomplete') return { reason: 'cut off' }
    if (isRefusal(span)) return span
    const field = fieldIn(buffer, span.from, span.to, depth, textIn)
    if (isRefusal(field)) return field
    fields.push(field)
    at = span.next
  }
  return { message: new Message(fields), end: at + netstringEnd.length }
}

export function encodeNetstring(message: Message): Buffer {
  assert(messageFault(message) === null, 'a message to be encoded holds writable fields only')
  return Buffer.from(netstringText(message), 'latin1')
}

/** The same as a text of one character per byte, of a message that is known to be writable. */
export function netstringText(message: Message): string {
  let text = netstringStart
  for (const field of message.fields) text += netstringField(field)
  return text + netstringEnd
}

export function netstringField({ name, value }: Field): string {
  const written = valueText(value)
  return `${TYPED + name.length + written.length}:(${typeOf(value)})${name}=${written},`
}

/** Of the type with its brackets, and the sign of equality. */
const TYPED = 4

function typeOf(value: FieldValue): number {
  if (typeof value === 'string') return 0
  return value instanceof Uint8Array ? 1 : value.type
}

function valueText(value: FieldValue): string {
  if (typeof value === 'string') return value
  return view(value instanceof Uint8Array ? value : value.raw).toString('latin1')
}
