/**
 * What ha.cf asks of the machine itself: realtime scheduling of this process, early compilation for short beats, the
 * watchdog device, and a look at the STONITH devices before they are needed. None of it can stop a start.
 */
import { compileSoon } from '../../base/io/compile-soon.js'
import { scheduleRoundRobin } from '../../base/io/scheduling.js'
import type { Level } from '../../log/record.js'
import type { HaCf } from '../config/ha-cf-table.js'
import type { StonithDevice } from '../resources/plan/stonith.js'
import type { RunnerLink } from './runner-link.js'
import { Watchdog } from './watchdog.js'

type Say = (level: Level, text: string) => void

/** Sixty beats a minute cost less than the compiling. */
const SHORT_KEEPALIVE_MS = 500
const CHECK_DEVICES_EVERY_MS = 3_600_000

/** Whether the file asks for realtime and we may have it. */
export function runsInRealtime({ realtime }: Pick<HaCf, 'realtime'>): boolean {
  return realtime && process.geteuid?.() === 0
}

export function scheduleInRealtime(haCf: Pick<HaCf, 'realtime' | 'rtprio'>, say: Say): void {
  if (!runsInRealtime(haCf)) return
  const failure = scheduleRoundRobin(haCf.rtprio ?? 1)
  if (failure) say('WARN', `no realtime scheduling: ${failure.reason}`)
}

export function compileForShortBeats({ keepalive }: Pick<HaCf, 'keepalive'>): void {
  if (keepalive < SHORT_KEEPALIVE_MS) compileSoon()
}

export function openWatchdog(
  { watchdog: device, deadtime }: Pick<HaCf, 'watchdog' | 'deadtime'>,
  say: Say,
): Watchdog | null {
  if (device === null) return null
  const watchdog = new Watchdog(device, say)
  watchdog.open(deadtime)
  return watchdog
}

/** Now and once an hour, as the original does: a device that fails is better known early. Gives back how to end it. */
export function keepChecking(
  runner: Pick<RunnerLink, 'checkDevices'>,
  devices: readonly StonithDevice[],
): () => void {
  if (devices.length === 0) return () => {}
  const check = (): void => runner.checkDevices(devices)
  check()
  const timer = setInterval(check, CHECK_DEVICES_EVERY_MS)
  return () => clearInterval(timer)
}
