/**
 * Messages out of a stream of bytes without frames: the FIFO, where one message may come in several reads and several
 * in one. Lines before a start line are skipped. The line form is what scripts write; the netstring form (without a
 * signature) is understood as well.
 *
 * A faulty message is given up up to the next start line. Whatever arrives, at most one message is held.
 */
import { decodeLine } from './classic.js'
import { type Field, isRefusal, Message, messageBytesMax, type Refusal } from './message.js'
import { fieldIn, netstringEnd, spanAt } from './netstring.js'

type Place = 'between' | 'lines' | 'netstring'

const newline = 0x0a

export class MessageStream {
  #bytes: Buffer = Buffer.alloc(4096)
  /** What is held stands from #from to #to; up to #searched there is no newline. */
  #from = 0
  #to = 0
  #searched = 0
  #place: Place = 'between'
  #fields: Field[] = []
  #messageBytes = 0

  /** Everything that these bytes complete, in order. */
  push(chunk: Uint8Array): (Message | Refusal)[] {
    const found: (Message | Refusal)[] = []
    for (let at = 0; at < chunk.length; at += messageBytesMax) {
      this.#append(chunk.subarray(at, at + messageBytesMax))
      for (let next = this.#step(); next !== 'incomplete'; next = this.#step()) if (next) found.push(next)
    }
    return found
  }

  #append(chunk: Uint8Array): void {
    const held = this.#to - this.#from
    if (this.#to + chunk.length > this.#bytes.length) {
      const room = held + chunk.length > this.#bytes.length ? 2 * (held + chunk.length) : this.#bytes.length
      const bytes = Buffer.alloc(room)
      this.#bytes.copy(bytes, 0, this.#from, this.#to)
      this.#bytes = bytes
      this.#searched -= this.#from
      this.#from = 0
      this.#to = held
    }
    this.#bytes.set(chunk, this.#to)
    this.#to += chunk.length
  }

  /** Takes one line or field; null when that completed nothing. */
  #step(): Message | Refusal | null | 'incomplete' {
    const step = this.#place === 'netstring' ? this.#netstringField() : this.#line()
    if (step === 'incomplete' && this.#messageBytes + this.#to - this.#from > messageBytesMax) {
      return this.#giveUp(`more than ${messageBytesMax} bytes`)
    }
    return step
  }

  #line(): Message | Refusal | null | 'incomplete' {
    const end = this.#bytes.subarray(0, this.#to).indexOf(newline, this.#searched)
    if (end === -1) {
      this.#searched = this.#to
      return 'incomplete'
    }
    const line = this.#bytes.toString('latin1', this.#from, end)
    this.#take(end + 1)
    // A client socket ends each message with a NUL, which then stands before the next start line.
    const start = line.replace(/^\0+/, '')
    if (start === '>>>' || start === '###') return this.#begin(start === '>>>' ? 'lines' : 'netstring')
    if (this.#place === 'between' || line === '') return null
    if (line === '<<<') return this.#complete()
    if (this.#messageBytes > messageBytesMax) return this.#giveUp(`more than ${messageBytesMax} bytes`)
    const field = line.includes('\0') ? { reason: 'a NUL inside a message' } : decodeLine(line)
    if (isRefusal(field)) return this.#giveUp(field.reason)
    this.#fields.push(field)
    return null
  }

  #netstringField(): Message | Refusal | null | 'incomplete' {
    const held = this.#bytes.subarray(this.#from, this.#to)
    if (held.length < netstringEnd.length && netstringEnd.startsWith(held.toString('latin1')))
      return 'incomplete'
    if (held.toString('latin1', 0, 4) === netstringEnd) {
      this.#take(this.#from + 4)
      return this.#complete()
    }
    const span = spanAt(held, 0)
    if (span === 'incomplete') return 'incomplete'
    if (isRefusal(span)) return this.#giveUp('not the field of a message')
    const field = fieldIn(held, span.from, span.to, 0)
    this.#take(this.#from + span.next)
    if (isRefusal(field)) return this.#giveUp('not the field of a message')
    if (this.#messageBytes > messageBytesMax) return this.#giveUp(`more than ${messageBytesMax} bytes`)
    this.#fields.push(field)
    return null
  }

  #take(end: number): void {
    this.#messageBytes += end - this.#from
    this.#from = end
    this.#searched = end
    if (this.#place === 'between') this.#messageBytes = 0
  }

  /** A start line inside a message: its writer died in the middle, and another has begun. */
  #begin(place: Place): Refusal | null {
    const wasCut = this.#place !== 'between'
    this.#reset(place)
    return wasCut ? { reason: 'a message without an end' } : null
  }

  #complete(): Message {
    const message = new Message(this.#fields)
    this.#reset('between')
    return message
  }

  /** What is held of an endless line goes with it; its rest is skipped like any line between messages. */
  #giveUp(reason: string): Refusal | null {
    const between = this.#place === 'between'
    if (this.#to - this.#from > messageBytesMax) this.#take(this.#to)
    this.#reset('between')
    return between ? null : { reason }
  }

  #reset(place: Place): void {
    this.#place = place
    this.#fields = []
    this.#messageBytes = 0
  }
}
