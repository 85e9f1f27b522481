/**
 * The last resort that ha.cf may ask for: ends this machine at once, without stopping anything in good order, as the
 * original does after a failed stop.
 */
import { spawn } from 'node:child_process'

export function reboot(complain: (sentence: string) => void): void {
  const child = spawn('/sbin/reboot', ['-n', '-f'], { stdio: 'ignore', detached: true })
  child.on('error', error => complain(`cannot reboot this machine: ${error.message}`))
  child.unref()
}
