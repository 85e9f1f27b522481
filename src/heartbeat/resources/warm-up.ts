/**
 * What Node loads at the first use of it (the native calls, the code that starts a program) is loaded while the runner
 * has nothing to do, so that the first takeover does not wait for it: some tens of milliseconds.
 */
import { askKernel } from '../../base/io/netlink-socket.js'
import { runCommand } from '../../base/io/run-command.js'

const TIMEOUT_MS = 5_000

/** What comes of it does not matter. */
export async function warmUp(env: Readonly<Record<string, string>>): Promise<void> {
  askKernel(['links', 'addresses', 'routes'])
  await runCommand('true', [], { timeoutMs: TIMEOUT_MS, env })
}
