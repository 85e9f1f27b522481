/** A hostile network: per direction it can be cut; everywhere it loses, delays, doubles and reorders. */

import type { Prng } from '../../src/base/prng.js'
import type { Message } from '../../src/heartbeat/wire/message.js'
import type { Timeline } from './timeline.js'

export interface Weather {
  loss: number
  duplication: number
  delayMinMs: number
  delayMaxMs: number
}

export type Deliver = (to: string, link: string, message: Message, datagram: Uint8Array | undefined) => void

export class Network {
  weather: Weather
  readonly links: readonly string[]
  #cut = new Set<string>()
  readonly #timeline: Timeline
  readonly #random: Prng
  readonly #deliver: Deliver

  constructor(
    timeline: Timeline,
    random: Prng,
    links: readonly string[],
    weather: Weather,
    deliver: Deliver,
  ) {
    this.#timeline = timeline
    this.#random = random
    this.links = links
    this.weather = weather
    this.#deliver = deliver
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  isOpen(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`)
  }

  /** `datagram`: the message as it was signed, where it is. */
  send(from: string, to: string, message: Message, datagram?: Uint8Array): void {
    for (const link of this.links) {
      const copies = this.#random.chance(this.weather.duplication) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        if (!this.isOpen(from, to) || this.#random.chance(this.weather.loss)) continue
        const { delayMinMs, delayMaxMs } = this.weather
        const delayMs = delayMinMs + this.#random.next() * (delayMaxMs - delayMinMs)
        this.#timeline.in(delayMs, () => this.#deliver(to, link, message, datagram))
      }
    }
  }
}
