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

/** Collects what arrives in any segmentation. After a refusal the stream is over: the caller closes it. */
export class FrameStream {
  #held: Buffer[] = []
  #heldBytes = 0

  /** The messages that this chunk completes. A message that cannot be read is a refusal in its place. */
  push(chunk: Buffer): { readonly messages: (Message | Refusal)[]; readonly broken: string | null } {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    const messages: (Message | Refusal)[] = []
    if (this.#heldBytes < HEADER_BYTES) return { messages, broken: null }
    let bytes = Buffer.concat(this.#held)
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(0)
      if (bytes.readUInt32LE(4) !== MAGIC) return { messages, broken: 'a frame with a wrong magic number' }
      if (length > messageBytesMax) return { messages, broken: `a frame of ${length} bytes` }
      if (bytes.length < HEADER_BYTES + length) break
      messages.push(decodeBody(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)))
      bytes = bytes.subarray(HEADER_BYTES + length)
    }
    this.#held = bytes.length > 0 ? [bytes] : []
    this.#heldBytes = bytes.length
    return { messages, broken: null }
  }
}
