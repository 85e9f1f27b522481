/**
 * Mails that could not be sent and may be sent later: three more tries, each after a longer pause. What a server or
 * sendmail refuses for good is not tried again, and neither is what finds no room here: the log has it all.
 */
import type { Mail } from './mail.js'

/** Before the second, third and fourth try. */
export const RETRY_PAUSES_MS: readonly number[] = [60_000, 300_000, 1_500_000]
export const RETRIES_MAX = 100

interface Waiting {
  readonly mail: Mail
  readonly dueMs: number
}

export class MailRetries {
  #waiting: Waiting[] = []
  /** Failed tries of the mails that wait or are under way again. */
  readonly #tries = new WeakMap<Mail, number>()

  /** Milliseconds until the next try; null: it was the last one, or there is no room. */
  failed(mail: Mail, again: string, nowMs: number): number | null {
    const tries = (this.#tries.get(mail) ?? 0) + 1
    const pauseMs = RETRY_PAUSES_MS[tries - 1]
    if (again === '' || pauseMs === undefined || this.#waiting.length >= RETRIES_MAX) return null
    // Who has it already does not get it twice.
    const left: Mail = { ...mail, to: again }
    this.#tries.set(left, tries)
    this.#waiting.push({ mail: left, dueMs: nowMs + pauseMs })
    return pauseMs
  }

  /** The mails whose time has come. */
  due(nowMs: number): readonly Mail[] {
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= nowMs)
    if (due.length > 0) this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > nowMs)
    return due.map(({ mail }) => mail)
  }

  /** All that wait: the end of the daemon is their last try. */
  flush(): readonly Mail[] {
    return this.due(Number.POSITIVE_INFINITY)
  }
}
