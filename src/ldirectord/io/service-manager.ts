/**
 * Tells systemd how far we are (Type=notify). Node has no datagram sockets of the unix kind, so systemd's own command
 * does it, with NotifyAccess=all in the unit; without NOTIFY_SOCKET nothing is told to anybody.
 */
import { runCommand } from '../../base/io/run-command.js'
import type { Log } from '../../log/record.js'

const NOTIFY_MS_MAX = 5_000

export type ServiceState = 'READY=1' | 'RELOADING=1' | 'STOPPING=1'

export class ServiceManager {
  readonly #env: Record<string, string> | null
  readonly #log: Log
  #isSilent = false

  constructor(env: NodeJS.ProcessEnv, log: Log) {
    const { NOTIFY_SOCKET, PATH } = env
    this.#env = NOTIFY_SOCKET ? { NOTIFY_SOCKET, PATH: PATH ?? '/usr/bin:/bin' } : null
    this.#log = log
  }

  /** Resolves when systemd has heard it, or cannot be told. */
  async tell(state: ServiceState, status: string): Promise<void> {
    if (this.#env === null || this.#isSilent) return
    const words = [state, `MAINPID=${process.pid}`, `STATUS=${status}`]
    const result = await runCommand('systemd-notify', words, { timeoutMs: NOTIFY_MS_MAX, env: this.#env })
    if (result.exitCode === 0) return
    this.#isSilent = true
    const why = result.spawnError ?? (result.stderr.trim() || `exit status ${result.exitCode}`)
    this.#log('WARN', `systemd-notify: ${why}; systemd is not told any more`)
  }
}
