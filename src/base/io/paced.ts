/**
 * Works items off at the pace that their handler sets. While one has to wait its source is not read from, so that at
 * most what came in one piece is held.
 */

export interface Source {
  pause(): unknown
  resume(): unknown
}

export class Paced<T> {
  readonly #source: Source
  /** The milliseconds until the next item may be handled. */
  readonly #handle: (item: T) => number
  #waiting: T[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(source: Source, handle: (item: T) => number) {
    this.#source = source
    this.#handle = handle
  }

  push(items: readonly T[]): void {
    this.#waiting.push(...items)
    if (this.#timer === undefined) this.#work()
  }

  /** What still waits is dropped. */
  close(): void {
    clearTimeout(this.#timer)
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
      this.#timer = setTimeout(() => this.#goOn(), waitMs)
      return
    }
    this.#waiting = []
  }

  #goOn(): void {
    this.#timer = undefined
    this.#work()
    if (this.#timer === undefined) this.#source.resume()
  }
}
