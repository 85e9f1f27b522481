/**
 * Talking with a server of lines (SMTP, POP, IMAP, NNTP, SIP): send a line, read a line, all of it bounded. What breaks
 * the conversation off (an early close, endless talk) rejects and becomes an outcome in the runner.
 */
import type { Socket } from 'node:net'
import type { Check, Outcome, Probe, Progress } from './check.js'
import { hangUp, opened, startStream } from './stream.js'
import { protocolFault } from './system-error.js'
import { tlsOptions } from './tls.js'

const LINE_CHARACTERS_MAX = 8_192
/** As much as a check listens to in all. */
const HEARD_CHARACTERS_MAX = 1_048_576

export class Conversation {
  readonly #socket: Socket
  readonly #lines: string[] = []
  #unfinished = ''
  #heard = 0
  #isOver = false
  #fault: Error | null = null
  #wake: (() => void) | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    // One character a byte: what a server says has no known encoding, and receive matches bytes.
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#hear(text))
    socket.once('end', () => this.#end(null))
    socket.once('error', error => this.#end(error))
    socket.once('close', () => this.#end(null))
  }

  get local(): { readonly address: string; readonly port: number } {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 }
  }

  /** A line break within would be a second command. */
  send(line: string): void {
    if (/[\r\n\0]/.test(line)) throw new Error('a text of the configuration holds a line break')
    this.sendText(`${line}\r\n`)
  }

  sendText(text: string): void {
    this.#socket.write(text)
  }

  /** Tells the server that nothing more comes. */
  finish(): void {
    this.#socket.end()
  }

  /** The next line without its line break; rejects when the server closes instead. */
  async line(): Promise<string> {
    const line = await this.lineOrEnd()
    if (line === null) throw protocolFault('closed before the answer was complete')
    return line
  }

  /** The same, but the end is null, and what the last line break is missing from is a line too. */
  async lineOrEnd(): Promise<string | null> {
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return line
      if (this.#fault) throw this.#fault
      if (this.#isOver) return this.#lastLine()
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #lastLine(): string | null {
    const rest = this.#unfinished
    this.#unfinished = ''
    return rest === '' ? null : rest
  }

  #hear(text: string): void {
    this.#heard += text.length
    const pieces = (this.#unfinished + text).split('\n')
    this.#unfinished = pieces.pop()!
    for (const piece of pieces) this.#lines.push(piece.endsWith('\r') ? piece.slice(0, -1) : piece)
    if (this.#heard > HEARD_CHARACTERS_MAX)
      this.#end(protocolFault(`the answer is longer than ${HEARD_CHARACTERS_MAX} bytes`))
    else if (this.#unfinished.length > LINE_CHARACTERS_MAX)
      this.#end(protocolFault(`a line of the answer is longer than ${LINE_CHARACTERS_MAX} bytes`))
    this.#wake?.()
  }

  #end(fault: Error | null): void {
    if (fault) this.#socket.destroy()
    this.#fault ??= fault
    this.#isOver = true
    this.#wake?.()
  }
}

const REPLY_LINES_MAX = 100

/** The last line of a reply of SMTP or FTP: `250-` says that another one follows (RFC 5321, 4.2.1; RFC 959, 4.2). */
export async function reply(server: Conversation): Promise<string> {
  const first = await server.line()
  const code = /^(\d{3})-/.exec(first)?.[1]
  if (code === undefined) return first
  for (let lines = 1; lines < REPLY_LINES_MAX; lines++) {
    const line = await server.line()
    if (line.startsWith(code) && line[3] !== '-') return line
  }
  throw protocolFault(`a reply has more than ${REPLY_LINES_MAX} lines`)
}

export interface Manner {
  readonly isSecure?: boolean
  /** What is said before hanging up. */
  readonly farewell?: string
}

type Talk = (conversation: Conversation, probe: Probe, signal: AbortSignal) => Promise<Outcome>

/** A check that is a conversation. */
export const conversationCheck =
  (manner: Manner, talk: Talk): Check =>
  (probe, signal, progress) =>
    converse(manner, talk, probe, signal, progress)

async function converse(
  { isSecure = false, farewell = '' }: Manner,
  talk: Talk,
  probe: Probe,
  signal: AbortSignal,
  progress: Progress,
): Promise<Outcome> {
  const secure = isSecure ? await tlsOptions(probe) : null
  const socket = startStream(probe, { secure, signal, progress })
  try {
    const conversation = new Conversation(socket)
    await opened(socket, isSecure)
    return await talk(conversation, probe, signal)
  } finally {
    hangUp(socket, farewell)
  }
}
