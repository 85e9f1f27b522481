/**
 * The other end of the client API: signs on to the heartbeat daemon of this machine (ours or the original) and asks.
 * One question at a time; messages that nobody asked for are skipped.
 */
import { connect, type Socket } from 'node:net'
import { type Asker, apiRequest, type Field, isAnswerTo, signonRequest } from '../api/client-request.js'
import { encodeFrame, FrameStream } from '../api/frame.js'
import { isRefusal, type Message } from '../wire/message.js'

export interface SignedOn {
  readonly client: ApiClient
  /** The answer to the signon: version, timing, our node. */
  readonly answer: Message
}

/** Why there is no connection; `answer` when the daemon refused it in words. */
export interface NotSignedOn {
  readonly because: string
  readonly answer: Message | null
}

/** `path` is the register socket. Waits as long as the caller lets it. */
export async function signOn(path: string): Promise<SignedOn | NotSignedOn> {
  const socket = connect(path)
  const opened = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  if (!opened) return { because: "Can't initiate connection to heartbeat", answer: null }
  const client = new ApiClient(socket)
  const answer = await client.signOn()
  if (answer?.text('result') === 'OK') return { client, answer }
  client.close()
  return { because: answer?.text('info') ?? 'the connection was closed', answer: answer ?? null }
}

const US: Asker = { pid: process.pid, dest: 'localhost' }

export class ApiClient {
  readonly #socket: Socket
  readonly #frames = new FrameStream()
  #arrived: Message[] = []
  #isClosed = false
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      const { messages, broken } = this.#frames.push(chunk)
      for (const message of messages) if (!isRefusal(message)) this.#arrived.push(message)
      if (broken !== null) socket.destroy()
      this.#wake()
    })
    socket.on('error', () => {}) // followed by close, which is what counts
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /** Undefined when the daemon closed instead of answering. */
  async signOn(): Promise<Message | undefined> {
    const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
    const [answer] = await this.#exchange('signon', signonRequest(US, ids), null)
    return answer
  }

  /** All answers to one request; an empty list when the daemon closed or, with a limit, did not answer in time. */
  async ask(reqtype: string, ...extra: readonly Field[]): Promise<Message[]> {
    return this.askWithin(null, reqtype, ...extra)
  }

  async askWithin(timeoutMs: number | null, reqtype: string, ...extra: readonly Field[]): Promise<Message[]> {
    return this.#exchange(reqtype, apiRequest(US, reqtype, ...extra), timeoutMs)
  }

  async #exchange(reqtype: string, request: Message, timeoutMs: number | null): Promise<Message[]> {
    this.#socket.write(encodeFrame(request))
    const answers: Message[] = []
    const deadline = timeoutMs === null ? null : performance.now() + timeoutMs
    for (;;) {
      const message = await this.#next(deadline)
      if (message === null) return []
      const isAnswer = isAnswerTo(reqtype, message)
      // A peer's daemon answers this one question itself.
      const isRemoteAnswer = reqtype === 'clientstatus' && message.type === 'respond-cstatus'
      // The C library skips a refusal without subt here, and so runs into its timeout.
      const isSkipped = reqtype === 'clientstatus' && isAnswer && message.text('subt') === undefined
      if ((!isAnswer && !isRemoteAnswer) || isSkipped) continue
      answers.push(message)
      if (message.text('result') !== 'ok/more') return answers
    }
  }

  /** Signs off and closes. */
  close(): void {
    this.#socket.end(encodeFrame(apiRequest({ pid: process.pid }, 'signoff')))
    this.#socket.unref()
  }

  async #next(deadline: number | null): Promise<Message | null> {
    for (;;) {
      const message = this.#arrived.shift()
      if (message) return message
      if (this.#isClosed) return null
      const leftMs = deadline === null ? null : deadline - performance.now()
      if (leftMs !== null && leftMs <= 0) return null
      await new Promise<void>(resolve => {
        const timer = leftMs === null ? undefined : setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
