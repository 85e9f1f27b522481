/**
 * A heartbeat message: an ordered list of named fields. Order matters, because a digest covers it and a second
 * implementation must put the same bytes on the wire (reference: docs/protocol.md).
 *
 * String values hold one character per byte (latin1), so that any byte a peer sends survives decode and encode.
 * Binary values (field type 1, such as srcuuid) are byte arrays. The other types do not occur in a cluster of the
 * haresources kind; they are carried unread, so that a client's message passes through unchanged.
 */

/** Struct (2), list (3), compressed (4), struct to be compressed (5). */
export type CarriedType = 2 | 3 | 4 | 5

/** A value that is carried, not understood. `raw` is the value's text in netstring form, whatever form it came in. */
export interface Carried {
  readonly type: CarriedType
  readonly raw: Uint8Array
}

export type FieldValue = string | Uint8Array | Carried

/** The two forms in which a message stands in a packet. */
export type MessageFormat = 'classic' | 'netstring'

/** Why foreign bytes were not accepted; one sentence that never quotes more than a name. */
export interface Refusal {
  readonly reason: string
}

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value
}

/** Bytes of one message on a socket or in a datagram: the original's buffer. */
export const messageBytesMax = 256 * 1024

export interface Field {
  readonly name: string
  readonly value: FieldValue
}

export class Message {
  readonly fields: readonly Field[]

  constructor(fields: readonly Field[]) {
    this.fields = fields
  }

  /** From pairs, in order: `Message.of(['t', 'status'], ['st', 'active'])`. */
  static of(...pairs: readonly (readonly [string, FieldValue])[]): Message {
    return new Message(pairs.map(([name, value]) => ({ name, value })))
  }

  /** The first field of that name. */
  field(name: string): FieldValue | undefined {
    return this.fields.find(field => field.name === name)?.value
  }

  /** The text of a string field; undefined when it is absent or binary. */
  text(name: string): string | undefined {
    const value = this.field(name)
    return typeof value === 'string' ? value : undefined
  }

  /** The bytes of a binary field; undefined when it is absent or of another type. */
  bytes(name: string): Uint8Array | undefined {
    const value = this.field(name)
    return value instanceof Uint8Array ? value : undefined
  }

  get type(): string {
    return this.text('t') ?? ''
  }

  /** Replaces the field where it stands, or appends it. */
  with(name: string, value: FieldValue): Message {
    const at = this.fields.findIndex(field => field.name === name)
    if (at === -1) return new Message([...this.fields, { name, value }])
    return new Message(this.fields.with(at, { name, value }))
  }

  without(name: string): Message {
    return new Message(this.fields.filter(field => field.name !== name))
  }
}
