/**
 * Recognises the answers that nearly all servers give: a well-formed head that came in one piece, then a body of a told
 * length, in plain chunks, or up to the end of the connection. Whatever else there is (a head in pieces, 1xx, trailers,
 * folded or doubled fields, bare newlines, garbage) is odd, and for node's parser to judge, which gets the same bytes.
 * So this decides nothing that node decides otherwise: see the law in test/ldirectord/checks/plain-answer.test.ts.
 */

/** Of a body that is not read: null. */
export interface PlainAnswer {
  readonly status: number
  readonly statusLine: string
  readonly location: string | undefined
  readonly body: readonly Buffer[] | null
}

/** What was said so far is a whole answer, the start of one, or something else. */
export type Reading = PlainAnswer | 'more' | 'odd'

const HEAD_BYTES_MAX = 8_192
const TOKEN = "[\\w!#$%&'*+\\-.^`|~]+"
const HEAD = new RegExp(
  `^HTTP/1\\.[01] ([2-5]\\d\\d)(?: ([\\x21-\\x7e][\\x20-\\x7e]*)?)?\\r\\n((?:${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*)\\r\\n`,
)
const FIELDS = /^(content-length|transfer-encoding|location):[ \t]*(.*?)[ \t]*\r$/gim

export function readPlainAnswer(
  said: Buffer,
  isOver: boolean,
  wantsBody: (status: number) => boolean,
): Reading {
  const head = HEAD.exec(said.toString('latin1', 0, Math.min(said.length, HEAD_BYTES_MAX)))
  if (head === null) return 'odd'
  const [{ length: headLength }, code, reason = '', fields] = head as unknown as [
    string,
    string,
    string,
    string,
  ]
  let length: string | undefined
  let coding: string | undefined
  let location: string | undefined
  for (const [, name, value] of fields.matchAll(FIELDS) as Iterable<[string, string, string]>) {
    switch (name.length) {
      case 'content-length'.length:
        if (length !== undefined) return 'odd'
        length = value
        break
      case 'location'.length:
        if (location !== undefined) return 'odd'
        location = value
        break
      default:
        if (coding !== undefined) return 'odd'
        coding = value
    }
  }
  const isFramed = length === undefined ? coding === undefined || CHUNKED.test(coding) : coding === undefined
  if (!isFramed || !LENGTH.test(length ?? '0')) return 'odd'
  const status = Number(code)
  const body = wantsBody(status) ? bodyOf(said, headLength, { status, length, coding, isOver }) : null
  if (typeof body === 'string') return body
  return { status, statusLine: `${code} ${reason}`.trim(), location, body }
}

const CHUNKED = /^chunked$/i
const LENGTH = /^\d{1,7}$/

interface Framing {
  readonly status: number
  readonly length: string | undefined
  readonly coding: string | undefined
  readonly isOver: boolean
}

function bodyOf(said: Buffer, from: number, { status, length, coding, isOver }: Framing) {
  if (status === 204) return []
  if (coding !== undefined) return unchunked(said, from)
  if (length !== undefined) {
    const end = from + Number(length)
    return said.length < end ? 'more' : [said.subarray(from, end)]
  }
  return isOver ? [said.subarray(from)] : 'more'
}

/** Size in hexadecimal digits, CRLF, that many bytes, CRLF; a chunk of no bytes is the last one. */
function unchunked(said: Buffer, from: number): Buffer[] | 'more' | 'odd' {
  const chunks: Buffer[] = []
  for (let at = from; ; ) {
    const line = said.toString('latin1', at, at + CHUNK_LINE_MAX)
    const [start, digits] = /^([0-9a-f]{1,6})\r\n/i.exec(line) ?? []
    if (start === undefined) return /^[0-9a-f]{0,6}\r?$/i.test(line) ? 'more' : 'odd'
    const bytes = Number.parseInt(digits!, 16)
    const end = at + start.length + bytes
    const mark = said.toString('latin1', end, end + 2)
    if (mark !== '\r\n') return '\r\n'.startsWith(mark) ? 'more' : 'odd'
    if (bytes === 0) return chunks
    chunks.push(said.subarray(at + start.length, end))
    at = end + 2
  }
}

const CHUNK_LINE_MAX = 8
