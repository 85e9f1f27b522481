/**
 * The line form of a message: the FIFO, the client socket, and (accepted only) the network. The inner `auth` field
 * of network messages signs this text too.
 *
 *     message = ">>>\n" *( [ "(" type ")" ] name "=" value "\n" ) "<<<\n" [ NUL ]
 *
 * Strings carry no type. A newline in a string is written as byte 19, and back. Binary is padded base64. A struct is
 * itself a message in this form, its newlines replaced by a byte that depends on the depth it stands at.
 */
import { assert } from '../../base/assert.js'
import { depthMax, isFieldName, messageFault, view } from './fields.js'
import {
  type CarriedType,
  type Field,
  type FieldValue,
  isRefusal,
  Message,
  messageBytesMax,
  type Refusal,
} from './message.js'
import { decodeNetstring, encodeNetstring } from './netstring.js'

export const classicStart = '>>>\n'
export const classicEnd = '<<<\n'

const newlineInString = '\x13'
const newlineAtDepth = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 15, 16, 17, 18].map(code =>
  String.fromCharCode(code),
)

/** One whole message, from `>>>` to `<<<`; a NUL may follow. */
export function decodeClassic(bytes: Uint8Array): Message | Refusal {
  const buffer = view(bytes)
  if (buffer.length > messageBytesMax) return { reason: `more than ${messageBytesMax} bytes` }
  const ends = buffer[buffer.length - 1] === 0 ? buffer.length - 1 : buffer.length
  return decodeText(buffer.toString('latin1', 0, ends), 0)
}

function decodeText(text: string, depth: number): Message | Refusal {
  if (depth > depthMax) return { reason: `structs nested deeper than ${depthMax}` }
  if (text.includes('\0')) return { reason: 'a NUL inside a message' }
  const lines = text.split('\n')
  if (lines.shift() !== '>>>') return { reason: 'does not begin with >>>' }
  if (lines.pop() !== '' || lines.pop() !== '<<<') return { reason: 'does not end with <<<' }
  const fields: Field[] = []
  for (const line of lines) {
    if (line === '') continue
    const field = decodeLine(line, depth)
    if (isRefusal(field)) return field
    fields.push(field)
  }
  return new Message(fields)
}

/** One `name=value` line without its newline. */
export function decodeLine(line: string, depth = 0): Field | Refusal {
  const [, type, name, value] = /^(?:\(([0-5])\))?([^=]*)=(.*)$/s.exec(line) ?? []
  if (name === undefined || value === undefined) return { reason: 'a line without =' }
  if (!isFieldName(name)) return { reason: 'not the name of a field' }
  const decoded = decodeValue(value, Number(type ?? 0), depth)
  if (typeof decoded !== 'string' && isRefusal(decoded)) return { reason: `field ${name}: ${decoded.reason}` }
  return { name, value: decoded }
}

function decodeValue(value: string, type: number, depth: number): FieldValue | Refusal {
  switch (type) {
    case 0:
      return value.replaceAll(newlineInString, '\n')
    case 1:
      return fromBase64(value)
    case 2:
    case 5: {
      const newline = newlineAtDepth[depth]
      if (newline === undefined) return { reason: `structs nested deeper than ${depthMax}` }
      const inner = decodeText(value.replaceAll(newline, '\n'), depth + 1)
      return isRefusal(inner) ? inner : { type, raw: encodeNetstring(inner) }
    }
    case 3:
      return { type, raw: Buffer.from(value.replaceAll(newlineInString, '\n'), 'latin1') }
    default: {
      const raw = fromBase64(value)
      return isRefusal(raw) ? raw : { type: 4, raw }
    }
  }
}

/** Only the one spelling that an encoder writes: else two texts would stand for one message. */
function fromBase64(text: string): Uint8Array | Refusal {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? Uint8Array.from(bytes) : { reason: 'not base64' }
}

/** With `>>>` and `<<<`, without the NUL that a client socket wants after it. */
export function encodeClassic(message: Message): Buffer {
  assertWritable(message)
  return Buffer.from(classicStart + classicLines(message) + classicEnd, 'latin1')
}

/** The lines between `>>>` and `<<<`: what an `auth` field signs. */
export function encodeClassicLines(message: Message): Buffer {
  assertWritable(message)
  return Buffer.from(classicLines(message), 'latin1')
}

function assertWritable(message: Message): void {
  assert(messageFault(message) === null, 'a message to be encoded holds writable fields only')
}

/** The same lines as a text of one character per byte, of a message that is known to be writable. */
export function classicLines(message: Message, depth = 0): string {
  let lines = ''
  for (const field of message.fields) lines += classicLine(field, depth)
  return lines
}

export function classicLine({ name, value }: Field, depth = 0): string {
  return `${encodeField(name, value, depth)}\n`
}

function encodeField(name: string, value: FieldValue, depth: number): string {
  if (typeof value === 'string') return `${name}=${withoutNewlines(value)}`
  if (value instanceof Uint8Array) return `(1)${name}=${view(value).toString('base64')}`
  return `(${value.type})${name}=${encodeCarried(value.type, value.raw, depth)}`
}

const withoutNewlines = (text: string): string =>
  text.includes('\n') ? text.replaceAll('\n', newlineInString) : text

function encodeCarried(type: CarriedType, raw: Uint8Array, depth: number): string {
  if (type === 4) return view(raw).toString('base64')
  if (type === 3) return withoutNewlines(view(raw).toString('latin1'))
  // Decoders let only well-formed structs in, up to depthMax deep.
  const inner = decodeNetstring(raw, depth + 1)
  assert(!isRefusal(inner), 'a carried struct is a message')
  const text = classicStart + classicLines(inner.message, depth + 1) + classicEnd
  return text.replaceAll('\n', newlineAtDepth[depth] ?? '')
}
