/**
 * The sending socket of a link. A failure is said once, when it begins or changes; packets that the kernel does not
 * take are dropped, never kept: a late heartbeat is worth less than the next one.
 */
import type { Socket } from 'node:dgram'
import { datagramBytesMax } from '../wire/packet.js'
import { type LinkCounts, packetsWaitingMax } from './link.js'

export interface Target {
  readonly address: string
  readonly port: number
}

export class SendPort {
  readonly #socket: Socket
  readonly #targets: readonly Target[]
  readonly #link: string
  readonly #counts: LinkCounts
  readonly #onTrouble: (sentence: string, link: string) => void
  #waiting = 0
  #isOpen = true
  /** What each target answered last: '' when it took the packet. */
  #lastCode = new Map<Target, string>()

  constructor(
    socket: Socket,
    targets: readonly Target[],
    link: string,
    counts: LinkCounts,
    onTrouble: (sentence: string, link: string) => void,
  ) {
    this.#socket = socket
    this.#targets = targets
    this.#link = link
    this.#counts = counts
    this.#onTrouble = onTrouble
    socket.on('error', (error: NodeJS.ErrnoException) =>
      onTrouble(`link ${link}: sending fails: ${error.code ?? error.message}`, link),
    )
  }

  send(bytes: Uint8Array): void {
    if (!this.#isOpen) return
    for (const target of this.#targets) {
      if (bytes.length > datagramBytesMax) this.#ended(target, `a packet of ${bytes.length} bytes`)
      else if (this.#waiting >= packetsWaitingMax) this.#ended(target, 'the network takes no packets')
      else this.#hand(bytes, target)
    }
  }

  #hand(bytes: Uint8Array, target: Target): void {
    this.#waiting++
    this.#socket.send(bytes, target.port, target.address, error => {
      this.#waiting--
      this.#ended(target, error ? ((error as NodeJS.ErrnoException).code ?? error.message) : '')
    })
  }

  #ended(target: Target, code: string): void {
    if (code === '') this.#counts.sent++
    else this.#counts.dropped++
    const before = this.#lastCode.get(target) ?? ''
    this.#lastCode.set(target, code)
    if (code === before || !this.#isOpen) return
    const to = `link ${this.#link}: sending to ${target.address} port ${target.port}`
    this.#onTrouble(code === '' ? `${to} works again` : `${to} fails: ${code}`, this.#link)
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
  }
}
