/**
 * The checks that most files hold most of, over connections by system calls: connect, and a plain HTTP question. An answer
 * that is not quite plain, or leads elsewhere, is for checkHttp: it gets the connection and what was said on it already.
 */
import { isIP, Socket } from 'node:net'
import { isNativeFailure } from '../../base/io/native.js'
import { socketAddress } from '../../base/io/tcp-calls.js'
import { type Probe, type Progress, passed, type QuickCheck, type QuickEnd } from './check.js'
import { type PlainAnswer, readPlainAnswer } from './core/plain-answer.js'
import { checkHttpFrom, firstQuestion, headersOf } from './http.js'
import { Body, hasBody, httpVerdict, isRedirect } from './http-answer.js'
import { type Listener, type RawConnection, rawConnections } from './raw-connections.js'
import { protocolFault } from './system-error.js'

const QUESTION_BYTES_MAX = 8_192
/** What comes in more pieces, or is longer, is read as a stream. */
const PIECES_MAX = 16
const ANSWER_BYTES_MAX = 65_536

interface Question {
  /** A struct sockaddr. */
  readonly to: Uint8Array
  readonly bytes: Uint8Array
}

const NOTHING = new Uint8Array()
/** Those of the file in use; they are the same at each check. null: not for raw connections. */
const questions = new WeakMap<Probe, Question | null>()

export const quickConnect: QuickCheck = (probe, _progress, told) =>
  begin(probe, new Connecting(told), () => questionTo(probe.address, probe.port, NOTHING))

export const quickHttp: QuickCheck = (probe, progress, told) =>
  begin(probe, new Asking(probe, progress, told), httpQuestion)

function begin(
  probe: Probe,
  talk: Connecting | Asking,
  questionOf: (probe: Probe) => Question | null,
): (() => void) | null {
  const connections = rawConnections()
  if (connections === null) return null
  let question = questions.get(probe)
  if (question === undefined) {
    question = questionOf(probe)
    questions.set(probe, question)
  }
  if (question === null) return null
  const connection = connections.connect(question.to, question.bytes, talk)
  if (connection instanceof Error) {
    talk.failed(connection)
    return () => {}
  }
  talk.connection = connection
  return () => connection.close()
}

function httpQuestion(probe: Probe): Question | null {
  const question = firstQuestion(probe)
  if (question === null || question.isSecure) return null
  const lines = Object.entries(headersOf(question)).map(([name, value]) => `${name}: ${value}`)
  // What node refuses to send it shall refuse itself.
  if (!lines.every(line => /^[\t\x20-\x7e\x80-\xff]*$/.test(line))) return null
  const head = [`${probe.httpmethod} ${question.path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  if (head.length > QUESTION_BYTES_MAX) return null
  return questionTo(question.host, question.port, Buffer.from(head, 'latin1'))
}

function questionTo(host: string, port: number, bytes: Uint8Array): Question | null {
  // The zone of an address is an interface that may come and go.
  if (isIP(host) === 0 || host.includes('%')) return null
  const to = socketAddress(host, port)
  return isNativeFailure(to) ? null : { to, bytes }
}

class Connecting implements Listener {
  connection!: RawConnection
  readonly #told: QuickEnd

  constructor(told: QuickEnd) {
    this.#told = told
  }

  connected(): void {
    this.connection.close()
    this.#told.outcome(passed('connected'))
  }

  heard(): void {}

  failed(error: Error): void {
    this.#told.failed(error)
  }
}

class Asking implements Listener {
  connection!: RawConnection
  readonly #probe: Probe
  readonly #progress: Progress
  readonly #told: QuickEnd
  #said: Buffer | null = null
  #pieces = 0

  constructor(probe: Probe, progress: Progress, told: QuickEnd) {
    this.#probe = probe
    this.#progress = progress
    this.#told = told
  }

  connected(): void {
    this.#progress.reached = 'asking'
  }

  heard(bytes: Buffer): void {
    const isOver = bytes.length === 0
    const said = this.#said === null ? bytes : Buffer.concat([this.#said, bytes])
    if (said.length === 0) {
      this.#breakOff()
      return
    }
    const answer = readPlainAnswer(said, isOver, status => hasBody(status, this.#probe))
    const isLong = ++this.#pieces === PIECES_MAX || said.length > ANSWER_BYTES_MAX
    if (answer === 'odd' || (answer === 'more' && isLong)) {
      const rest = Buffer.from(said)
      this.#told.goesOn(checkHttpFrom(new AskedSocket(this.connection.handOver(), rest)))
    } else if (answer !== 'more') {
      this.connection.close()
      this.#judge(answer)
    } else if (isOver) {
      this.#breakOff()
    } else {
      // These bytes are those of another answer soon.
      this.#said = this.#said === null ? Buffer.from(said) : said
    }
  }

  #judge(answer: PlainAnswer): void {
    if (isRedirect(answer.status) && answer.location !== undefined) {
      this.#told.goesOn(checkHttpFrom({ ...answer, body: null }))
      return
    }
    let body: Body | null = null
    if (answer.body !== null) {
      body = new Body(this.#probe)
      for (const part of answer.body) body.add(part)
    }
    this.#told.outcome(httpVerdict({ ...answer, body }, this.#probe))
  }

  #breakOff(): void {
    this.connection.close()
    this.failed(protocolFault('closed before the answer was complete'))
  }

  failed(error: Error): void {
    this.#told.failed(error)
  }
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
