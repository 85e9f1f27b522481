/**
 * Reboots the machine, as failfast asks: disks are written, the log gets one keepalive to reach its readers, then the
 * machine goes down without stopping anything. The only place that does so; another program can stand in for it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../base/io/run-command.js'

const SYNC_MS = 10_000
const REBOOT_MS = 60_000
const DELAY_MS_MAX = 10_000

/** `program` (HA_REBOOT) is run instead of /sbin/reboot. Resolves with the reason when the machine still runs. */
export async function reboot(delayMs: number, program: string | undefined): Promise<string> {
  const command = program === undefined || program === '' ? '/sbin/reboot' : program
  await runCommand('sync', [], { timeoutMs: SYNC_MS })
  await sleep(Math.min(delayMs, DELAY_MS_MAX))
  const { exitCode, spawnError } = await runCommand(command, ['-nf'], { timeoutMs: REBOOT_MS })
  return `${command} -nf returned ${spawnError ?? exitCode ?? 'nothing in time'}`
}
