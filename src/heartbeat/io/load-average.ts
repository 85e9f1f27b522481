/** The load that each status message carries, as the system writes it. */
import { readFileSync } from 'node:fs'

export function loadAverage(): string {
  try {
    return readFileSync('/proc/loadavg', 'latin1').trim()
  } catch {
    return 'n/a' // as the original writes it where there is no /proc
  }
}
