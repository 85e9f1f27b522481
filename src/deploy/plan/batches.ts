/** How many hosts the next batch has. */
import type { Share } from '../config/forms.js'

/** `remaining` hosts are left; at least one is taken, and never more than are left. */
export function batchSize(batch: readonly Share[], batchesDone: number, remaining: number): number {
  const size = batch[Math.min(batchesDone, batch.length - 1)] ?? { count: 1 }
  const wanted = 'count' in size ? size.count : Math.floor((remaining * size.percent) / 100)
  return Math.min(Math.max(1, wanted), remaining)
}
