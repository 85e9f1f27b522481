/** The built-in ipfail at work: hands it what clients are shown, sends what it says, wakes it when it asks. */
import { nowMs } from '../../base/io/real-clock.js'
import type { Level } from '../../log/record.js'
import type { Connectivity, Outcome } from '../core/connectivity.js'
import type { Message } from '../wire/message.js'

export interface BuiltInIpfailParts {
  readonly connectivity: Connectivity
  readonly submit: (message: Message) => void
  readonly say: (level: Level, text: string) => void
}

export class BuiltInIpfail {
  readonly #parts: BuiltInIpfailParts
  #timer: NodeJS.Timeout | undefined

  constructor(parts: BuiltInIpfailParts) {
    this.#parts = parts
  }

  start(): void {
    this.#perform(this.#parts.connectivity.start())
  }

  deliver(message: Message): void {
    this.#perform(this.#parts.connectivity.hear(message, nowMs()))
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #perform({ send, lines }: Outcome): void {
    const { connectivity, submit, say } = this.#parts
    for (const { level, text } of lines) say(level, text)
    for (const message of send) submit(message)
    clearTimeout(this.#timer)
    const { nextMs } = connectivity
    if (nextMs === Number.POSITIVE_INFINITY) return
    const inMs = Math.max(0, Math.ceil(nextMs - nowMs()))
    this.#timer = setTimeout(() => this.#perform(connectivity.tick(nowMs())), inMs)
    this.#timer.unref()
  }
}
