/**
 * Where a request of HTTP/1 ends, from the lines of its head (RFC 9112, 6). Lines that two servers could read in two
 * ways are refused: by them a client would smuggle a request past whoever adds headers.
 */

/** What follows the head: so many bytes, or chunks. */
export type Body = { readonly kind: 'bytes'; readonly length: number } | { readonly kind: 'chunks' }

const REQUEST_LINE = /^[!-~]+[ \t]+.*[ \t]HTTP\/1\.(\d)[ \t]*$/is
const HEADER = /^([!-9;-~]+)([ \t]*):(.*)$/s
const CHUNK = /^([0-9a-f]{1,12})[ \t]*(;.*)?$/is

export class RequestHead {
  readonly #isVersion0: boolean
  #length: number | null = null
  #isChunked = false
  /** Whether the last header was one that says where the body ends: a line that goes on it would change it. */
  #isFraming = false

  private constructor(isVersion0: boolean) {
    this.#isVersion0 = isVersion0
  }

  /** null: no request of HTTP/1 begins with this line. */
  static begin(line: string): RequestHead | null {
    const [, minor] = REQUEST_LINE.exec(line) ?? []
    return minor === undefined ? null : new RequestHead(minor === '0')
  }

  /** A line behind the first one; false: it must not be passed on. */
  add(line: string, isWhole: boolean): boolean {
    // Some servers end a line at a CR alone.
    if (/[\r\0]/.test(line)) return false
    if (/^[ \t]/.test(line)) return !this.#isFraming
    const [, name, blank, value = ''] = HEADER.exec(line) ?? []
    const lower = (name ?? line).toLowerCase()
    this.#isFraming = lower === 'content-length' || lower === 'transfer-encoding'
    // Some servers take `Name : value` for `Name: value`, others do not.
    if (name === undefined) return !/content-length|transfer-encoding/i.test(line)
    if (blank !== '') return false
    if (!this.#isFraming) return true
    return (
      isWhole && (lower === 'content-length' ? this.#setLength(value.trim()) : this.#setCoding(value.trim()))
    )
  }

  /** null: contradictory. */
  body(): Body | null {
    if (!this.#isChunked) return { kind: 'bytes', length: this.#length ?? 0 }
    return this.#length === null && !this.#isVersion0 ? { kind: 'chunks' } : null
  }

  #setLength(value: string): boolean {
    if (!/^\d{1,15}$/.test(value)) return false
    const length = Number(value)
    if (this.#length !== null && this.#length !== length) return false
    this.#length = length
    return true
  }

  #setCoding(value: string): boolean {
    if (this.#isChunked || value.toLowerCase() !== 'chunked') return false
    this.#isChunked = true
    return true
  }
}

/** The length that the line before a chunk tells; null: it is none. */
export function chunkLength(line: string): number | null {
  const [, digits] = CHUNK.exec(line) ?? []
  return digits === undefined ? null : Number.parseInt(digits, 16)
}
