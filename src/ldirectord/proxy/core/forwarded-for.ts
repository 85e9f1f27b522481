/**
 * Adds X-Forwarded-For to every request that a client sends on a connection, as its bytes pass by. The header becomes
 * the last one of the head, behind those that the client sent, as whoever reads the list from its end expects. Nothing
 * is held back but the one CR that may begin the empty line; what does not begin as a request of HTTP/1 does (TLS,
 * another protocol, what follows an upgrade) passes untouched from there on.
 */
import { unreachable } from '../../../base/assert.js'
import { withoutZone } from './proxy-header.js'
import { chunkLength, RequestHead } from './request-framing.js'

const CR = 13
const LF = 10
const CRLF = Buffer.from('\r\n')
/** Of a line so much is looked at, and its end; a longer one passes unless it says where the request ends. */
const LINE_BYTES_MAX = 8_192
/** The version stands at the end of a request line. */
const TAIL_BYTES = 32

type State =
  /** Before a request: its first line, or the empty ones that servers overlook there. */
  | { kind: 'first line' }
  | { kind: 'headers'; head: RequestHead }
  | { kind: 'body'; left: number; before: 'request' | 'chunk end' }
  /** The CRLF behind a chunk's bytes. */
  | { kind: 'chunk end'; seen: 0 | 1 }
  | { kind: 'chunk line' }
  | { kind: 'trailers' }
  | { kind: 'not HTTP' }

export class ForwardedFor {
  readonly #header: Buffer
  #state: State = { kind: 'first line' }
  #line = ''
  /** The end of a line that is longer than what is looked at. */
  #tail = ''
  /** A CR that came last and was not passed on yet. */
  #hasCr = false

  constructor(address: string) {
    this.#header = Buffer.from(`X-Forwarded-For: ${withoutZone(address)}\r\n`, 'latin1')
  }

  /** What to send for these bytes; null: two servers could read them in two ways, and the connection has to end. */
  push(chunk: Buffer): Buffer[] | null {
    const out: Buffer[] = []
    const held = this.#hasCr ? Buffer.concat([Buffer.of(CR), chunk]) : chunk
    this.#hasCr = false
    for (let at = 0; at < held.length; ) {
      const next = this.#step(held, at, out)
      if (next === null) return null
      at = next
    }
    return out
  }

  /** What was held back when the client has said everything. */
  end(): Buffer | null {
    return this.#hasCr ? Buffer.of(CR) : null
  }

  /** Takes some bytes; gives where the next ones begin. */
  #step(bytes: Buffer, at: number, out: Buffer[]): number | null {
    const state = this.#state
    switch (state.kind) {
      case 'not HTTP':
        out.push(bytes.subarray(at))
        return bytes.length
      case 'body':
        return this.#skip(state, bytes, at, out)
      case 'chunk end': {
        if (bytes[at] !== CRLF[state.seen]) return null
        this.#state = state.seen === 0 ? { kind: 'chunk end', seen: 1 } : { kind: 'chunk line' }
        out.push(bytes.subarray(at, at + 1))
        return at + 1
      }
      case 'first line':
      case 'headers':
      case 'chunk line':
      case 'trailers':
        return this.#takeLine(bytes, at, out)
      default:
        return unreachable(state)
    }
  }

  #skip(state: Extract<State, { kind: 'body' }>, bytes: Buffer, at: number, out: Buffer[]): number {
    const end = Math.min(bytes.length, at + state.left)
    out.push(bytes.subarray(at, end))
    state.left -= end - at
    if (state.left === 0)
      this.#state = state.before === 'request' ? { kind: 'first line' } : { kind: 'chunk end', seen: 0 }
    return end
  }

  /** Passes the bytes of a line, up to its end or to that of the bytes. */
  #takeLine(bytes: Buffer, at: number, out: Buffer[]): number | null {
    const lf = bytes.indexOf(LF, at)
    const end = lf < 0 ? bytes.length : lf + 1
    this.#keep(bytes, at, lf < 0 ? end : lf)
    if (lf < 0) return this.#passPart(bytes, at, out)
    const isWhole = this.#tail === ''
    const text = this.#line + this.#tail
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    const hasCr = text.length > line.length
    this.#forgetLine()
    if (this.#state.kind === 'headers' && line === '') out.push(this.#header)
    out.push(bytes.subarray(at, end))
    return this.#endLine(line, isWhole, hasCr) ? end : null
  }

  /** A line that is not over: all of it can go but a CR that may be the empty line. */
  #passPart(bytes: Buffer, at: number, out: Buffer[]): number {
    const state = this.#state
    if (state.kind === 'first line' && !mayBegin(this.#line)) {
      this.#state = { kind: 'not HTTP' }
      this.#forgetLine()
      return at
    }
    if (state.kind === 'headers' && this.#line === '\r') {
      this.#hasCr = true
      this.#forgetLine()
    } else out.push(bytes.subarray(at))
    return bytes.length
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const fits = Math.min(to, from + LINE_BYTES_MAX - this.#line.length)
    this.#line += bytes.toString('latin1', from, fits)
    if (to > fits) this.#tail = (this.#tail + bytes.toString('latin1', fits, to)).slice(-TAIL_BYTES)
  }

  #forgetLine(): void {
    this.#line = ''
    this.#tail = ''
  }

  /** A line is complete; false: it must not be passed on. */
  #endLine(line: string, isWhole: boolean, hasCr: boolean): boolean {
    const state = this.#state
    switch (state.kind) {
      case 'first line':
        if (line !== '') this.#beginRequest(line)
        return true
      case 'headers':
        return line === '' ? this.#endHead(state.head) : state.head.add(line, isWhole)
      case 'chunk line':
        return isWhole && hasCr && this.#beginChunk(line)
      case 'trailers':
        if (line === '') this.#state = { kind: 'first line' }
        return true
      default:
        return false
    }
  }

  #beginRequest(line: string): void {
    const head = RequestHead.begin(line)
    this.#state = head === null ? { kind: 'not HTTP' } : { kind: 'headers', head }
  }

  #endHead(head: RequestHead): boolean {
    const body = head.body()
    if (body === null) return false
    if (body.kind === 'chunks') this.#state = { kind: 'chunk line' }
    else if (body.length === 0) this.#state = { kind: 'first line' }
    else this.#state = { kind: 'body', left: body.length, before: 'request' }
    return true
  }

  #beginChunk(line: string): boolean {
    const length = chunkLength(line)
    if (length === null) return false
    this.#state = length === 0 ? { kind: 'trailers' } : { kind: 'body', left: length, before: 'chunk end' }
    return true
  }
}

/** Whether a request can begin with these bytes: a method of visible characters, or empty lines before it. */
function mayBegin(line: string): boolean {
  return /^[\r!-~]/.test(line)
}
