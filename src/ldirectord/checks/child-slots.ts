/**
 * How many programs (ping, external checks) run at a time: more wait their turn, within their own deadline. A
 * thousand servers with external checks must not become a thousand processes.
 */
export class ChildSlots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(limit: number) {
    this.#free = limit
  }

  /** Resolves with the function that gives the slot back; rejects with the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#free > 0) {
        this.#free--
        return resolve(this.#release())
      }
      const abort = (): void => {
        this.#waiting.delete(wake)
        reject(signal.reason)
      }
      const wake = (): void => {
        signal.removeEventListener('abort', abort)
        resolve(this.#release())
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  #release(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      const [next] = this.#waiting
      if (next === undefined) {
        this.#free++
        return
      }
      this.#waiting.delete(next)
      next()
    }
  }
}

export const childSlots = new ChildSlots(64)
