/**
 * The form in which the proxy speaks over unix sockets, with ldirectord (control.ts) and with the process that it takes
 * over from (succession.ts): one JSON value a line, each at most so long.
 */

export const encodeLine = <Message extends object>(message: Message): string => `${JSON.stringify(message)}\n`

/** Cuts a stream into lines; null once a line is longer than allowed (the connection is then useless). */
export class LineSplitter {
  readonly #bytesMax: number
  #pieces: Buffer[] = []
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Buffer): string[] | null {
    const lines: string[] = []
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#pieces.push(chunk.subarray(from, end))
      if (this.#length + end - from > this.#bytesMax) return null
      lines.push(Buffer.concat(this.#pieces).toString('utf8'))
      this.#pieces = []
      this.#length = 0
      from = end + 1
    }
    if (from < chunk.length) {
      this.#pieces.push(chunk.subarray(from))
      this.#length += chunk.length - from
    }
    return this.#length > this.#bytesMax ? null : lines
  }
}

export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // whoever asked says what it wanted instead
  }
}
