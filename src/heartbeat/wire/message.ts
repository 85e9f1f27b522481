/**
 * A heartbeat message: an ordered list of named fields. Order matters, because a digest covers it and a second
 * implementation must put the same bytes on the wire (reference: docs/protocol.md).
 *
 * String values hold one character per byte (latin1), so that any byte a peer sends survives decode and encode.
 * Binary values (field type 1, such as srcuuid) are byte arrays.
 */

export type FieldValue = string | Uint8Array

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
