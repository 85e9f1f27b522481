/**
 * Works items off at the pace that their handler sets. While one has to wait its source is not read from, so that at
 * most what came in one piece is held.
 */

import { type Clock, realClock } from './real-clock.js'

export interface Source {
  pause(): unknown
  resume(): unknown
}

export class Paced<T> {
  readonly #source: Source
  /** The milliseconds until the next item may be handled. */
  readonly #handle: (item: T) => number
  #waiting: T[] = []
  readonly #clock: Clock
  #callOff: (() => void) | undefined

  constructor(source: Source, handle: (item: T) => number, clock: Clock = realClock) {
    this.#source = source
    this.#handle = handle
    this.#clock = clock
  }

  push(items: readonly T[]): void {
    this.#waiting.push(...items)
    if (this.#callOff === undefined) this.#work()
  }

  /** What still waits is dropped. */
  close(): void {
    this.#callOff?.()
    this.#waiting = []
  }

  #work(): void {
    const items = this.#waiting
    for (let done = 0; done < items.length; done++) {
      const waitMs = this.#handle(items[done]!)
      // Its handling may have closed us.
      if (this.#waiting !== items) return
      if (waitMs <= 0) continue
      this.#waiting = items.slice(done + 1)
      this.#source.pause()
      this.#callOff = this.#clock.after(waitMs, () => this.#goOn())
      return
    }
    this.#waiting = []
  }

  #goOn(): void {
    this.#callOff = undefined
    this.#work()
    if (this.#callOff === undefined) this.#source.resume()
  }
}
