/**
 * Packets out of the bytes of a serial line. A line carries messages in classic form, one behind the other, each with
 * its field `auth`; nothing else marks where one ends. Noise, halves of messages and lines of other programs (a
 * console, a modem) are skipped up to the next line `>>>`. Whether a frame is a message that may be believed is decided
 * like that of any packet, by its signature.
 */
import { classicEnd, classicStart } from './classic.js'
import { messageBytesMax } from './message.js'

const newline = 0x0a

export class SerialFrames {
  /** Of the frame that has begun; empty between frames. */
  #held: Buffer[] = []
  #heldBytes = 0
  /** What stands behind the last newline. */
  #line: Buffer[] = []
  #lineBytes = 0

  /** The frames that these bytes complete. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let from = 0
    for (;;) {
      const end = chunk.indexOf(newline, from)
      if (end === -1) break
      const line = this.#wholeLine(chunk.subarray(from, end + 1))
      const frame = line === null ? null : this.#take(line)
      if (frame) frames.push(frame)
      from = end + 1
    }
    this.#keep(chunk.subarray(from))
    return frames
  }

  /** The line that this ends, with its newline; null when it was too long to be kept. */
  #wholeLine(end: Buffer): Buffer | null {
    const isKept = this.#lineBytes + end.length <= messageBytesMax
    const line = isKept ? Buffer.concat([...this.#line, end]) : null
    this.#line = []
    this.#lineBytes = 0
    if (line === null) this.#giveUp()
    return line
  }

  #keep(rest: Buffer): void {
    // Beyond the limit bytes are counted, not held: the line will be refused when it ends.
    if (rest.length > 0 && this.#lineBytes <= messageBytesMax) this.#line.push(Buffer.from(rest))
    this.#lineBytes += rest.length
    if (this.#lineBytes > messageBytesMax) this.#line = []
  }

  #take(line: Buffer): Buffer | null {
    const text = line.length === classicStart.length ? line.toString('latin1') : ''
    if (text === classicStart) {
      this.#giveUp() // whoever wrote the half before it has begun anew
      this.#hold(line)
      return null
    }
    if (this.#heldBytes === 0) return this.#beginsLate(line)
    this.#hold(line)
    if (text !== classicEnd) return null
    const frame = Buffer.concat(this.#held)
    this.#giveUp()
    return frame
  }

  /** A start that noise stands before on the same line still is one. */
  #beginsLate(line: Buffer): null {
    if (line.subarray(-classicStart.length).toString('latin1') === classicStart) {
      this.#hold(Buffer.from(classicStart))
    }
    return null
  }

  #hold(line: Buffer): void {
    this.#held.push(line)
    this.#heldBytes += line.length
    if (this.#heldBytes > messageBytesMax) this.#giveUp()
  }

  #giveUp(): void {
    this.#held = []
    this.#heldBytes = 0
  }
}
