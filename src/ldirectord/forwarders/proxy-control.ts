/** The client's end of the proxy's control socket: requests with numbers, their answers, and notices for the log. */
import { connect, type Socket } from 'node:net'
import type { Log } from '../../log/record.js'
import {
  CONTROL_VERSION,
  type Question,
  RESPONSE_BYTES_MAX,
  type Request,
  type Response,
} from '../proxy/core/control.js'
import { isRecord } from '../proxy/core/edit-shape.js'
import { encodeLine, LineSplitter, parseJson } from '../proxy/core/json-lines.js'

const ANSWER_MS_MAX = 10_000

type Answer = Extract<Response, { id: number }>

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** null when nobody answers at this path. */
export function connectControl(path: string, log: Log): Promise<ControlClient | null> {
  return new Promise(resolve => {
    const socket = connect(path)
    const failed = (): void => resolve(null)
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      resolve(new ControlClient(socket, log))
    })
  })
}

export class ControlClient {
  isLost = false
  /** Called once when the proxy closes the connection, not when close() does. */
  onLost: () => void = () => {}
  readonly #socket: Socket
  readonly #log: Log
  readonly #waiting = new Map<number, Waiting>()
  readonly #splitter = new LineSplitter(RESPONSE_BYTES_MAX)
  #lastId = 0

  constructor(socket: Socket, log: Log) {
    this.#socket = socket
    this.#log = log
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => this.#lost())
    socket.on('data', (chunk: Buffer) => {
      const lines = this.#splitter.push(chunk)
      if (lines === null) socket.destroy()
      else for (const line of lines) this.#heard(line)
    })
  }

  /** Rejects with a sentence when the proxy refuses, dies or does not answer in time. */
  ask(question: Question, signal: AbortSignal): Promise<Answer> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(deadline)
        signal.removeEventListener('abort', abort)
        this.#waiting.delete(id)
      }
      const waiting: Waiting = {
        resolve: answer => {
          settle()
          resolve(answer)
        },
        reject: error => {
          settle()
          reject(error)
        },
      }
      const abort = (): void => waiting.reject(new Error('given up before the proxy answered'))
      const deadline = setTimeout(() => {
        waiting.reject(new Error(`the proxy did not answer within ${ANSWER_MS_MAX / 1000} s`))
      }, ANSWER_MS_MAX)
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.set(id, waiting)
      if (signal.aborted) abort()
      else if (this.isLost) waiting.reject(new Error(GONE))
      else this.#socket.write(encodeLine<Request>({ ...question, version: CONTROL_VERSION, id }))
    })
  }

  close(): Promise<void> {
    this.onLost = () => {}
    return new Promise(resolve => {
      if (this.isLost) return resolve()
      this.#socket.once('close', () => resolve())
      this.#socket.destroy()
    })
  }

  #heard(line: string): void {
    const response = parseJson(line) as Response | undefined
    if (!isRecord(response)) {
      this.#socket.destroy()
      return
    }
    if ('notice' in response) {
      this.#log(response.level, response.notice)
      return
    }
    const waiting = this.#waiting.get(response.id)
    if ('failure' in response) waiting?.reject(new Error(`the proxy refuses: ${response.failure}`))
    else waiting?.resolve(response)
  }

  #lost(): void {
    this.isLost = true
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(GONE))
    this.onLost()
  }
}

const GONE = 'the proxy process ended'
