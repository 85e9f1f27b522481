/** Waiting for what is seen by looking alone. */
import { setTimeout as wait } from 'node:timers/promises'

/** Looks every few milliseconds, for ten seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let look = 0; look < 2_000; look++) {
    if (await condition()) return true
    await wait(5)
  }
  return false
}
