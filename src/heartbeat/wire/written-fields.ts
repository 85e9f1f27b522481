/**
 * Fields as they are written in both forms, remembered by their names: of one beat to the next only the number, the time
 * and sometimes the load change, and what is the same need not be judged and written again.
 */
import { classicLine } from './classic.js'
import { fieldFault } from './fields.js'
import type { Field, FieldValue } from './message.js'
import { netstringField } from './netstring.js'

export interface WrittenField {
  readonly value: FieldValue
  readonly netstring: string
  readonly line: string
}

/** Clients may write fields of any name. */
const NAMES_MAX = 64

const written = new Map<string, WrittenField>()

/** Null for a field that cannot be written, or that a message of plain values does not have. */
export function writtenField(field: Field): WrittenField | null {
  const { name, value } = field
  const known = written.get(name)
  if (known !== undefined && known.value === value) return known
  const isPlain = typeof value === 'string' || value instanceof Uint8Array
  if (!isPlain || fieldFault(field) !== null) return null
  if (known === undefined && written.size >= NAMES_MAX) written.clear()
  const fresh = { value, netstring: netstringField(field), line: classicLine(field) }
  written.set(name, fresh)
  return fresh
}
