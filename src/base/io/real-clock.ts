/** The one place that turns the machine's monotonic clock into the milliseconds that pure code is handed. */
import { performance } from 'node:perf_hooks'

/** Milliseconds since the process started; never goes back, does not jump with the wall clock. */
export function nowMs(): number {
  return performance.now()
}

/** Milliseconds since the machine started: the same count in every thread and process. */
export function machineMs(): number {
  return performance.now() + beforeStartMs
}

/** Both clocks are the machine's; the one of this thread began later. */
const beforeStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Time for what waits: the machine's, or one that a test turns by hand. */
export interface Clock {
  nowMs(): number
  /** Acts once, not before so many milliseconds; gives the function that calls it off. */
  after(ms: number, act: () => void): () => void
}

export const realClock: Clock = {
  nowMs,
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}

/** Resolves after so many milliseconds, or as soon as the signal aborts. */
export function passing(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const over = (): void => {
      callOff()
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const callOff = clock.after(signal?.aborted ? 0 : ms, over)
    signal?.addEventListener('abort', over)
  })
}
