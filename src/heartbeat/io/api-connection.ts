/**
 * One connection of the register socket: bytes to messages, and the limits that each of them has. Who does not sign
 * on in time is closed, who does not read is closed, and who sends faster than the cluster takes is not read from for
 * a while: a flood stands still in its sender.
 */
import type { Socket } from 'node:net'
import { Paced } from '../../base/io/paced.js'
import { nowMs } from '../../base/io/real-clock.js'
import { TokenBucket } from '../../base/token-bucket.js'
import { encodeFrame, FrameStream } from '../api/frame.js'
import { isRefusal, type Message, type Refusal } from '../wire/message.js'

const SIGN_ON_WITHIN_MS = 10_000
/** For a client that was told to go to read that. */
const LEAVES_WITHIN_MS = 1_000
const UNREAD_BYTES_MAX = 1_048_576
/** Messages of one client: requests too cost work. */
const MESSAGES = { burst: 500, perSecond: 250 } as const

export interface ConnectionHandlers {
  /** The milliseconds for which this client has to wait before its next message. */
  readonly onMessage: (message: Message) => number
  readonly onTrouble: (sentence: string) => void
  readonly onClosed: () => void
}

export class ApiConnection {
  readonly #socket: Socket
  readonly #handlers: ConnectionHandlers
  readonly #frames = new FrameStream()
  readonly #messages = new TokenBucket(MESSAGES.burst, MESSAGES.perSecond, nowMs())
  readonly #paced: Paced<Message | Refusal>
  #deadline: NodeJS.Timeout | undefined
  #isLeaving = false

  constructor(socket: Socket, handlers: ConnectionHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    this.#paced = new Paced(socket, message => this.#handle(message))
    socket.on('data', chunk => this.#read(chunk))
    socket.on('close', () => {
      clearTimeout(this.#deadline)
      this.#paced.close()
      handlers.onClosed()
    })
    this.#deadline = setTimeout(() => socket.destroy(), SIGN_ON_WITHIN_MS)
  }

  signedOn(): void {
    clearTimeout(this.#deadline)
  }

  send(message: Message): void {
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) {
      this.#handlers.onTrouble('client closed: it does not read its messages')
      this.destroy()
    } else if (this.#socket.writable) this.#socket.write(encodeFrame(message))
  }

  /** What was sent may still be read; what comes is not listened to any more. */
  leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.destroy(), LEAVES_WITHIN_MS)
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#isLeaving) return
    const { messages, broken } = this.#frames.push(chunk)
    this.#paced.push(messages)
    if (broken === null) return
    this.#handlers.onTrouble(`client closed: it sent ${broken}`)
    this.destroy()
  }

  #handle(message: Message | Refusal): number {
    if (this.#isLeaving) return 0
    const waitMs = this.#messages.take(1, nowMs())
    return isRefusal(message) ? waitMs : Math.max(waitMs, this.#handlers.onMessage(message))
  }
}
