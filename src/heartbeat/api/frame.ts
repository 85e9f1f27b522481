/**
 * The frames of the client socket, the same in both directions:
 *
 *     uint32 LE length | uint32 LE magic 0x0000abcd | `length` bytes, a message and (from C programs) a NUL
 *
 * heartbeat 3.0.6 answers a length above its limit with an endless loop; we close the connection.
 */
import { decodeClassic, encodeClassic } from '../wire/classic.js'
import { isRefusal, type Message, messageBytesMax, type Refusal } from '../wire/message.js'
import { decodeNetstring } from '../wire/netstring.js'

const MAGIC = 0xabcd
const HEADER_BYTES = 8

export function encodeFrame(message: Message): Buffer {
  const text = encodeClassic(message)
  const frame = Buffer.alloc(HEADER_BYTES + text.length + 1)
  frame.writeUInt32LE(text.length + 1, 0)
  frame.writeUInt32LE(MAGIC, 4)
  text.copy(frame, HEADER_BYTES)
  return frame
}

/** Clients write the line form, with or without the NUL; those with lists or structures the netstring form. */
function decodeBody(body: Buffer): Message | Refusal {
  if (body.subarray(0, 4).toString('latin1') !== '###\n') return decodeClassic(body)
  const decoded = decodeNetstring(body)
  return isRefusal(decoded) ? decoded : decoded.message
}

/**
 * Collects what arrives in any segmentation, at a cost that grows with the bytes alone: a client may send them one by
 * one. After a refusal the stream is over: the caller closes it.
 */
export class FrameStream {
  /** The beginning of a frame stands in the first #length bytes. */
  #held: Buffer = Buffer.alloc(0)
  #length = 0

  /** The messages that this chunk completes. A message that cannot be read is a refusal in its place. */
  push(chunk: Buffer): { readonly messages: (Message | Refusal)[]; readonly broken: string | null } {
    const bytes = this.#length === 0 ? chunk : this.#append(chunk)
    const messages: (Message | Refusal)[] = []
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(at)
      if (bytes.readUInt32LE(at + 4) !== MAGIC)
        return { messages, broken: 'a frame with a wrong magic number' }
      if (length > messageBytesMax) return { messages, broken: `a frame of ${length} bytes` }
      const end = at + HEADER_BYTES + length
      if (bytes.length < end) break
      messages.push(decodeBody(bytes.subarray(at + HEADER_BYTES, end)))
      at = end
    }
    if (at > 0 || this.#length === 0) this.#keep(bytes.subarray(at))
    return { messages, broken: null }
  }

  #append(chunk: Buffer): Buffer {
    const length = this.#length + chunk.length
    if (length > this.#held.length) {
      const roomier = Buffer.alloc(2 * length)
      this.#held.copy(roomier, 0, 0, this.#length)
      this.#held = roomier
    }
    chunk.copy(this.#held, this.#length)
    this.#length = length
    return this.#held.subarray(0, length)
  }

  /** A copy, so that a few bytes do not hold on to the memory of the whole chunk. */
  #keep(rest: Buffer): void {
    this.#held = Buffer.from(rest)
    this.#length = rest.length
  }
}
