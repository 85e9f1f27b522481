/**
 * How many lines a daemon may write, whoever causes them: more at once than any honest trouble has to say, then a few a
 * second. What is left out is counted and said. CRIT lines have a limit of their own, so that others cannot hide them.
 */
import { TokenBucket } from '../base/token-bucket.js'
import type { Level } from './record.js'

export const LINES = { burst: 1_000, perSecond: 5 } as const
const CRITICAL_LINES = { burst: 100, perSecond: 1 } as const

export class LineLimit {
  readonly #lines: TokenBucket
  readonly #critical: TokenBucket
  #leftOut = 0

  constructor(nowMs: number) {
    this.#lines = new TokenBucket(LINES.burst, LINES.perSecond, nowMs)
    this.#critical = new TokenBucket(CRITICAL_LINES.burst, CRITICAL_LINES.perSecond, nowMs)
  }

  /** Debug lines are asked for one by one; they always pass. */
  allows(level: Level, nowMs: number): boolean {
    const isAllowed = level === 'debug' || (level === 'CRIT' ? this.#critical : this.#lines).allows(nowMs)
    if (!isAllowed) this.#leftOut++
    return isAllowed
  }

  /** The line that tells of those left out since the last time; null when there are none. */
  takeLeftOut(): string | null {
    const count = this.#leftOut
    this.#leftOut = 0
    return count === 0 ? null : `${count} lines left out: more than ${LINES.perSecond} a second for long`
  }
}
