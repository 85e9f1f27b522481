/**
 * A first-in first-out queue with a limit. A full queue refuses the newcomer and counts it; what to do about
 * that (drop, close, say so) is the caller's decision.
 */
import { assert } from './assert.js'

export class BoundedQueue<T> {
  readonly limit: number
  /** How many items have been refused since the queue was made. */
  refused = 0
  #items: T[] = []
  #head = 0

  constructor(limit: number) {
    assert(Number.isInteger(limit) && limit > 0, `a queue needs a limit above 0, not ${limit}`)
    this.limit = limit
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  /** Appends an item; false when the queue is full. */
  push(item: T): boolean {
    if (this.length >= this.limit) {
      this.refused++
      return false
    }
    this.#items.push(item)
    return true
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head++]
    // Compact now and then, so that shift costs constant time on average and memory stays within twice the limit.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
