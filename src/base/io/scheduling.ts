/** How the kernel schedules this process: in realtime, or before all others of normal scheduling. */
import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { calls, failure, int32, isNativeFailure, type NativeFailure } from './native.js'

const SCHED_OTHER = 0
const SCHED_RR = 2
const SCHED_RESET_ON_FORK = 0x40000000

/**
 * Realtime round-robin (1 to 99) for all threads of this process: a collection of garbage waits for the others of them.
 * Children and new threads start with normal scheduling.
 */
export function scheduleRoundRobin(priority: number): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  const schedule = (thread: number): number =>
    c.sched_setscheduler(thread, SCHED_RR | SCHED_RESET_ON_FORK, int32(priority))
  if (schedule(0) !== 0) return failure(c, 'sched_setscheduler')
  // One that has ended meanwhile needs nothing.
  for (const thread of readdirSync('/proc/self/task')) schedule(Number(thread))
  return null
}

/** Goes before all others of normal scheduling; children start as others do. */
export function scheduleAhead(): NativeFailure | null {
  const c = calls()
  if (isNativeFailure(c)) return c
  if (c.sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, int32(0)) !== 0)
    return failure(c, 'sched_setscheduler')
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST)
    return null
  } catch (error) {
    return { reason: (error as Error).message, code: (error as NodeJS.ErrnoException).code ?? 'EPERM' }
  }
}
