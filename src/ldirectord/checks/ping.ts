/**
 * `checktype=ping`: one ICMP echo answered within the deadline. Sending ICMP needs a raw or ping socket, which Node
 * does not offer; the system's own ping has the capability, so that this works unprivileged too.
 */
import { runCommand } from '../../base/io/run-command.js'
import { type Check, failed, passed } from './check.js'
import { childSlots } from './child-slots.js'

/** What iputils allows everybody. */
const INTERVAL_MS_MIN = 200

export const checkPing: Check = async (probe, signal) => {
  const release = await childSlots.take(signal)
  try {
    // checkcount tries are spread over the deadline; with -w, ping ends at the first answer.
    const intervalMs = Math.max(INTERVAL_MS_MIN, probe.timeoutMs / Math.max(1, probe.checkcount))
    const args = ['-n', '-q', '-c', '1', '-s', '56', '-i', (intervalMs / 1000).toFixed(1)]
    args.push('-w', String(Math.ceil(probe.timeoutMs / 1000)), probe.address)
    const ping = await runCommand('ping', args, {
      timeoutMs: probe.timeoutMs + 1_000,
      signal,
      outputBytesMax: 4_096,
    })
    if (ping.exitCode === 0) return passed('echo reply')
    if (ping.spawnError !== null) {
      return failed('ERROR', `ping cannot be run (${ping.spawnError}): install iputils-ping`)
    }
    const complaint = ping.stderr.split('\n')[0]!
    if (complaint !== '') return failed('L4CON', complaint)
    return failed(/\+\d+ errors/.test(ping.stdout) ? 'L4CON' : 'L4TOUT', 'no echo reply')
  } finally {
    release()
  }
}
