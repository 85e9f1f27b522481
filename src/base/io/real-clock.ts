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
