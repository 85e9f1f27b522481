/** How long the processors of this machine, all together, have had nothing to do: the kernel's own count. */
import { readFileSync } from 'node:fs'

/** The kernel counts in hundredths of a second, whatever its own clock is (proc_stat(5), USER_HZ). */
const MS_PER_TICK = 10

/** Milliseconds since the machine started; null where it is not told. */
export function machineIdleMs(): number | null {
  try {
    // user nice system idle iowait ...
    const [, , , idle, iowait] =
      /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]?.split(' ') ?? []
    const ticks = Number(idle) + Number(iowait)
    return Number.isNaN(ticks) ? null : ticks * MS_PER_TICK
  } catch {
    return null // a container may hide it
  }
}
