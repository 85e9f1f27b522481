/**
 * A named client of heartbeat's API, as ipfail is one: signs on through the register socket of this machine (of our
 * heartbeat or of the original) and exchanges messages with the client of the same name on the other node. It tries
 * again for ever, with a pause; where ha.cf names no apiauth for it, it does not even knock, because a refused client
 * is an error in heartbeat's log.
 */
import { connect, type Socket } from 'node:net'
import { readSmallFile } from '../../base/io/files.js'
import {
  type Asker,
  apiRequest,
  type Field,
  isAnswerTo,
  signonRequest,
} from '../../heartbeat/api/client-request.js'
import { encodeFrame, FrameStream } from '../../heartbeat/api/frame.js'
import { isRefusal, Message } from '../../heartbeat/wire/message.js'

const RETRY_MS = 2_000
const REFUSED_MS = 60_000
const SIGNON_MS_MAX = 20_000
const UNREAD_BYTES_MAX = 1_048_576
const HA_CF_BYTES_MAX = 1_048_576
/** heartbeat's limit of a client's name. */
export const CLIENT_NAME_MAX = 31

export interface ClusterClientOptions {
  readonly socket: string
  readonly haCf: string
  readonly name: string
  /** Signed on; with the name of this node. */
  readonly onConnected: (node: string) => void
  /** No longer, or not at all, with one sentence that says why. */
  readonly onLost: (because: string) => void
  /** A message of the cluster for clients of our name, or for all. Our own ones come back too. */
  readonly onMessage: (message: Message) => void
}

export class ClusterClient {
  readonly #options: ClusterClientOptions
  #socket: Socket | null = null
  #isSignedOn = false
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: ClusterClientOptions) {
    this.#options = options
  }

  /** Tries to sign on, now and from now on. */
  open(): void {
    if (this.#isClosed || this.#socket !== null) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (!mayKnock(this.#options.haCf, this.#options.name)) {
      this.#options.onLost(`ha.cf has no line "apiauth ${this.#options.name} uid=root"`)
      this.#later(REFUSED_MS)
      return
    }
    this.#knock()
  }

  /** Does nothing while there is no connection. */
  send(...fields: readonly Field[]): void {
    if (this.#isSignedOn) this.#write(Message.of(...fields))
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#isSignedOn) this.#write(apiRequest(this.#us, 'signoff'))
    this.#socket?.end()
    this.#socket?.unref()
  }

  #knock(): void {
    const socket = connect(this.#options.socket)
    const frames = new FrameStream()
    this.#socket = socket
    let because = 'heartbeat does not run here'
    socket.setTimeout(SIGNON_MS_MAX, () => socket.destroy())
    socket.on('connect', () => {
      because = 'heartbeat has closed the connection'
      const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
      this.#write(signonRequest(this.#us, ids))
    })
    socket.on('data', chunk => {
      const { messages, broken } = frames.push(chunk)
      for (const message of messages) {
        if (isRefusal(message)) continue
        const refusal = this.#heard(message, socket)
        if (refusal !== null) because = refusal
      }
      if (broken !== null) socket.destroy()
    })
    socket.on('error', () => {}) // followed by close, which is what counts
    socket.on('close', () => this.#lost(because))
  }

  /** Why we were refused, when this says so. */
  #heard(message: Message, socket: Socket): string | null {
    if (this.#isSignedOn) {
      this.#options.onMessage(message)
      return null
    }
    if (!isAnswerTo('signon', message)) return null
    if (message.text('result') !== 'OK') {
      socket.end()
      return `heartbeat refuses the client ${this.#options.name}: ${message.text('info') ?? 'no reason'}`
    }
    socket.setTimeout(0)
    this.#isSignedOn = true
    this.#options.onConnected(message.text('node') ?? '')
    return null
  }

  #lost(because: string): void {
    this.#socket = null
    this.#isSignedOn = false
    if (this.#isClosed) return
    this.#options.onLost(because)
    this.#later(because.startsWith('heartbeat refuses') ? REFUSED_MS : RETRY_MS)
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.open(), ms)
    this.#timer.unref()
  }

  get #us(): Asker {
    return { pid: process.pid, name: this.#options.name }
  }

  #write(message: Message): void {
    const socket = this.#socket
    if (socket === null) return
    // A daemon that does not read is as good as none.
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy()
    else socket.write(encodeFrame(message))
  }
}

/** Whether ha.cf lets a client of this name in; where it cannot be read heartbeat itself shall say. */
function mayKnock(haCf: string, name: string): boolean {
  let text: string
  try {
    text = readSmallFile(haCf, HA_CF_BYTES_MAX).toString('latin1')
  } catch {
    return true
  }
  const authorized = [...text.matchAll(/^[ \t]*apiauth[ \t]+(\S+)/gm)].map(([, client]) => client)
  return authorized.includes(name) || authorized.includes('default')
}
