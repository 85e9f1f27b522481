/** Who connected, as the kernel told it in a struct sockaddr. Most schedulers never ask for the text. */
import { textOfBytes } from '../../../base/ipv6.js'
import type { Client } from './live-table.js'

const AF_INET = 2

export class SocketClient implements Client {
  readonly port: number
  readonly #ipv4: number
  readonly #ipv6: Uint8Array | null

  /** What is needed of the bytes is copied: the next accept overwrites them. */
  constructor(sockaddr: Buffer) {
    this.port = sockaddr.readUInt16BE(2)
    const isVersion4 = sockaddr[0] === AF_INET
    this.#ipv4 = isVersion4 ? sockaddr.readUInt32BE(4) : 0
    this.#ipv6 = isVersion4 ? null : Uint8Array.from(sockaddr.subarray(8, 24))
  }

  get address(): string {
    const bits = this.#ipv4
    if (this.#ipv6 === null)
      return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
    // The WHATWG URL Standard shortens as RFC 5952 does.
    return new URL(`http://[${textOfBytes(this.#ipv6)}]`).hostname.slice(1, -1)
  }
}
