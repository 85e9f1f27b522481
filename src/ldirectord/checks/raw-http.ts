/**
 * A plain HTTP question over a connection by system calls. An answer that is not quite plain goes on as a stream, for
 * node's client to read: it gets the connection, and what was said on it already.
 */
import { isIP, Socket } from 'node:net'
import { isNativeFailure } from '../../base/io/native.js'
import { socketAddress } from '../../base/io/tcp-calls.js'
import type { Probe, Progress } from './check.js'
import { type PlainAnswer, readPlainAnswer } from './core/plain-answer.js'
import { hasBody } from './http-answer.js'
import { type Listener, type RawConnection, rawConnections } from './raw-connections.js'
import { protocolFault } from './system-error.js'

const QUESTION_BYTES_MAX = 8_192
/** What comes in more pieces, or is longer, is read as a stream. */
const PIECES_MAX = 16
const ANSWER_BYTES_MAX = 65_536

/** What node refuses to send it shall say itself. */
const HEAD = /^(?:[\t\x20-\x7e\x80-\xff]+\r\n){4}\r\n$/

export interface RawQuestion {
  readonly to: Uint8Array
  readonly bytes: Uint8Array
}

/** null: not for raw connections. */
export function rawQuestion(host: string, port: number, head: string): RawQuestion | null {
  // An address with a zone belongs to an interface that may come and go.
  if (isIP(host) === 0 || host.includes('%') || rawConnections() === null) return null
  if (head.length > QUESTION_BYTES_MAX || !HEAD.test(head)) return null
  const to = socketAddress(host, port)
  return isNativeFailure(to) ? null : { to, bytes: Buffer.from(head, 'latin1') }
}

/** The answer, or the connection on which it is still to be read. */
export function askRaw(
  question: RawQuestion,
  probe: Probe,
  signal: AbortSignal,
  progress: Progress,
): Promise<PlainAnswer | Socket> {
  return new Promise((resolve, reject) => {
    const conversation = new Conversation(probe, progress, resolve, reject)
    const connection = rawConnections()!.connect(question.to, question.bytes, conversation)
    if (connection instanceof Error) {
      reject(connection)
      return
    }
    conversation.connection = connection
    signal.addEventListener('abort', () => connection.close(), { once: true })
  })
}

class Conversation implements Listener {
  connection!: RawConnection
  readonly #probe: Probe
  readonly #progress: Progress
  readonly #resolve: (answer: PlainAnswer | Socket) => void
  readonly failed: (error: Error) => void
  #said: Buffer | null = null
  #pieces = 0

  constructor(
    probe: Probe,
    progress: Progress,
    resolve: (answer: PlainAnswer | Socket) => void,
    failed: (error: Error) => void,
  ) {
    this.#probe = probe
    this.#progress = progress
    this.#resolve = resolve
    this.failed = failed
  }

  connected(): void {
    this.#progress.reached = 'asking'
  }

  heard(bytes: Buffer): void {
    const isOver = bytes.length === 0
    const said = this.#said === null ? bytes : isOver ? this.#said : Buffer.concat([this.#said, bytes])
    const answer = said.length === 0 ? 'more' : readPlainAnswer(said, isOver, this.#wantsBody)
    const isLong = ++this.#pieces === PIECES_MAX || said.length > ANSWER_BYTES_MAX
    if (answer === 'odd' || (answer === 'more' && isLong)) {
      this.#resolve(new AskedSocket(this.connection.handOver(), Buffer.from(said)))
    } else if (answer === 'more') {
      if (isOver) this.#breakOff()
      else this.#said = this.#said === null ? Buffer.from(said) : said
    } else {
      this.connection.close()
      // The bytes are those of the next answer soon.
      this.#resolve({ ...answer, body: answer.body && answer.body.map(part => Buffer.from(part)) })
    }
  }

  #breakOff(): void {
    this.connection.close()
    this.failed(protocolFault('closed before the answer was complete'))
  }

  readonly #wantsBody = (status: number): boolean => hasBody(status, this.#probe)
}

/** A connection on which the question has been asked, for a client that would ask it again. */
class AskedSocket extends Socket {
  constructor(fd: number, said: Buffer) {
    super({ fd })
    this.unshift(said)
  }

  override _write(_bytes: unknown, _encoding: string, done: () => void): void {
    done()
  }

  override _writev(_chunks: unknown, done: () => void): void {
    done()
  }
}
