/**
 * The load that each status message carries, as the system writes it. The kernel computes it every 5 s, so it is not read
 * for each message.
 */
import { readFileSync } from 'node:fs'
import { nowMs } from '../../base/io/real-clock.js'

const GOOD_FOR_MS = 5_000
let read = ''
let readAtMs = Number.NEGATIVE_INFINITY

export function loadAverage(): string {
  const now = nowMs()
  if (now - readAtMs >= GOOD_FOR_MS) {
    readAtMs = now
    read = readNow()
  }
  return read
}

function readNow(): string {
  try {
    return readFileSync('/proc/loadavg', 'latin1').trim()
  } catch {
    return 'n/a' // as the original writes it where there is no /proc
  }
}
