/**
 * `ldirectord restart`: ends the daemon, waits until its pid file is gone, starts again. A daemon that does not end
 * holds the command a minute at most, where the original's waits without limit.
 */
import { existsSync } from 'node:fs'
import { type Clock, passing, realClock } from '../../base/io/real-clock.js'

export const RESTART_MS_MAX = 60_000
const LOOK_MS = 50

export interface Restart {
  readonly pidFile: string
  /** The daemon to be ended; null: none runs. */
  readonly pid: number | null
  readonly end: (pid: number) => Promise<void>
  readonly start: () => Promise<number>
  readonly complain: (text: string) => void
}

/** Gives the exit status of the command. */
export async function restart(
  { pidFile, pid, end, start, complain }: Restart,
  clock: Clock = realClock,
): Promise<number> {
  if (pid === null) return start()
  await end(pid)
  const untilMs = clock.nowMs() + RESTART_MS_MAX
  while (existsSync(pidFile)) {
    if (clock.nowMs() > untilMs) {
      complain(`ldirectord (pid ${pid}) did not end within ${RESTART_MS_MAX / 1000} s; not started again`)
      return 1
    }
    await passing(clock, LOOK_MS)
  }
  return start()
}
