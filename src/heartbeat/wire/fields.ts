/**
 * What both forms of a message have in common: which names and values can be written at all. A name with a newline
 * or a value with a NUL would let its writer add fields of his own to the classic form.
 */
import type { Field, FieldValue, Message } from './message.js'

/** Structs may hold structs, so deep and no deeper. */
export const depthMax = 16

export function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Printable ASCII or a byte above it; not the characters that end a name or begin a type; at most 255. */
const namePattern = /^[^\x00-\x20\x7f=(\u0100-\uffff][^\x00-\x20\x7f=\u0100-\uffff]{0,254}$/

export function isFieldName(name: string): boolean {
  return namePattern.test(name)
}

/** Latin1 without NUL. */
export function isFieldText(text: string): boolean {
  return !/[\x00\u0100-\uffff]/.test(text)
}

function isWritable(value: FieldValue): boolean {
  return typeof value !== 'string' || isFieldText(value)
}

/** What keeps this message from being written, as a sentence, or null. */
export function messageFault(message: Message): string | null {
  for (const field of message.fields) {
    const fault = fieldFault(field)
    if (fault !== null) return fault
  }
  return null
}

export function fieldFault({ name, value }: Field): string | null {
  if (!isFieldName(name)) return `${JSON.stringify(name.slice(0, 64))} cannot be the name of a field`
  if (!isWritable(value)) return `field ${name} holds a NUL or a character that is no byte`
  return null
}
