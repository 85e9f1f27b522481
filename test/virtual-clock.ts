/** A clock for code that waits, turned by the test: an hour takes no time, and the order is always the same. */
import type { Clock } from '../src/base/io/real-clock.js'
import { Timeline } from './sim/timeline.js'

/** What waits longer than this waits for nothing. */
const LIMIT_MS = 24 * 3_600_000

export class VirtualClock implements Clock {
  readonly #timeline = new Timeline()

  nowMs(): number {
    return this.#timeline.nowMs
  }

  after(ms: number, act: () => void): () => void {
    let isCalledOff = false
    this.#timeline.in(ms, () => {
      if (!isCalledOff) act()
    })
    return () => {
      isCalledOff = true
    }
  }

  /** The process is busy: time passes, and no timer fires meanwhile. */
  busy(ms: number): void {
    this.#timeline.nowMs += ms
  }

  /** Turns the clock until `work` is over; throws where that takes longer than a day. */
  async during<T>(work: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    for (await turn(); !isOver; await turn()) {
      const { nextMs } = this.#timeline
      if (nextMs === null || nextMs > LIMIT_MS) throw new Error('nothing would ever end this wait')
      this.#timeline.runNext()
    }
    return work
  }
}

/** For code that waits between real things, such as processes: every wait is over at once. */
export const hastyClock: Clock = {
  nowMs: () => 0,
  after(_ms, act) {
    const soon = setImmediate(act)
    return () => clearImmediate(soon)
  },
}

/** What is woken has its say before the next timer, also where it goes through setImmediate. */
async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise(resolve => setImmediate(resolve))
}
