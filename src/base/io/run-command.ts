/**
 * Runs one program to its end: never through a shell, in a process group of its own, with a deadline and a limit
 * on what is kept of its output. Every way in which a command can end is a value; nothing here throws for what
 * a program or an administrator can cause.
 */
import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'

export interface CommandOptions {
  readonly timeoutMs: number
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
  /** Bytes kept of stdout and of stderr each; the rest is read and dropped. Default 64 KiB. */
  readonly outputBytesMax?: number
  /** Aborting ends the command as its deadline does. */
  readonly signal?: AbortSignal
  /** Time between SIGTERM and SIGKILL once the deadline has passed. Default 1 s. */
  readonly killAfterMs?: number
  /** Called for each piece of output as it arrives (for logs that cannot wait for the end). */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** Called with its pid when it runs; what that returns is called when it has ended. */
  readonly whileRunning?: ((pid: number) => () => void) | undefined
}

export interface CommandResult {
  /** null when it was ended by a signal or never started. */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  readonly durationMs: number
  /** Why it could not be started (ENOENT, EACCES ...), else null. */
  readonly spawnError: string | null
}

/** The process group may have ended by itself (ESRCH), or have become another user's (EPERM). */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Either way there is nothing more that we could do to it.
  }
}

export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const limit = options.outputBytesMax ?? 65_536
  const startedMs = performance.now()
  return new Promise(resolve => {
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const kept = { stdout: 0, stderr: 0 }
    let timedOut = false
    let settled = false
    let killTimer: NodeJS.Timeout | undefined

    const finish = (exitCode: number | null, signal: string | null, spawnError: string | null): void => {
      if (settled) return
      settled = true
      clearTimeout(deadline)
      clearTimeout(killTimer)
      ended()
      options.signal?.removeEventListener('abort', end)
      resolve({
        exitCode,
        signal,
        spawnError,
        timedOut,
        stdout: Buffer.concat(output.stdout).toString('utf8'),
        stderr: Buffer.concat(output.stderr).toString('utf8'),
        durationMs: performance.now() - startedMs,
      })
    }
    const end = (): void => {
      if (settled || child.pid === undefined) return
      timedOut = true
      const pid = child.pid
      killGroup(pid, 'SIGTERM')
      killTimer = setTimeout(() => {
        killGroup(pid, 'SIGKILL')
        // A grandchild that left the group may hold the pipes open for ever: do not wait for it.
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, options.killAfterMs ?? 1_000)
    }

    const child = spawn(file, [...args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env && { env: { ...options.env } }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    })
    const ended = (child.pid !== undefined && options.whileRunning?.(child.pid)) || (() => {})
    const deadline = setTimeout(end, options.timeoutMs)
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        options.onOutput?.(name, chunk.toString('utf8'))
        const room = limit - kept[name]
        if (room <= 0) return
        output[name].push(chunk.subarray(0, room))
        kept[name] += Math.min(room, chunk.length)
      })
      // A pipe that breaks ends the output, not the command: its exit status still decides.
      child[name].on('error', () => {})
    }
    child.stdin.on('error', () => {}) // a program that does not read its input is no failure
    child.stdin.end(options.input ?? '')
    child.on('error', (error: NodeJS.ErrnoException) => finish(null, null, error.code ?? error.message))
    // 'exit' and not 'close': a daemon started by a script inherits its pipes and keeps them open.
    child.on('exit', (code, signal) => {
      const settle = (): void => finish(code, signal, null)
      const giveUp = (): void => {
        child.stdout.destroy()
        child.stderr.destroy()
        settle()
      }
      // On a busy machine the time is over before the pipes were looked at once: then they are, in the next turn.
      const drained = setTimeout(() => setImmediate(() => setImmediate(giveUp)), 50)
      child.once('close', () => {
        clearTimeout(drained)
        settle()
      })
    })
    if (options.signal?.aborted) end()
    else options.signal?.addEventListener('abort', end, { once: true })
  })
}
