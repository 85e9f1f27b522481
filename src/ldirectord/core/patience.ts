/**
 * How long a load waits for the first answers before it writes the table without the missing ones: as long as answers
 * keep coming, within a time that thousands of servers need.
 */
import type { LdirectordConfig } from '../config/model.js'

/** Nothing asked or answered for so long, and at most so long. */
export interface Patience {
  readonly quietMs: number
  readonly latestMs: number
}

const QUIET_MS = 300
const FIRST_ROUND_MS = 300
const FIRST_ROUND_MS_PER_REAL = 0.5

export function patienceFor({ virtuals }: LdirectordConfig): Patience {
  const reals = virtuals.reduce((count, virtual) => count + virtual.reals.length, 0)
  return { quietMs: QUIET_MS, latestMs: FIRST_ROUND_MS + reals * FIRST_ROUND_MS_PER_REAL }
}
