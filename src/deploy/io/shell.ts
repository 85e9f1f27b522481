/** Runs scripts of plan/scripts.ts: on this machine here, at the other end of ssh in ssh.ts. */
import { runCommand } from '../../base/io/run-command.js'
import { printScript } from '../codec/shell-script.js'

export interface ScriptResult {
  readonly ok: boolean
  /** null: a signal, a deadline, or a connection that was lost. */
  readonly status: number | null
  readonly stdout: string
  /** Why it failed, in one sentence; '' when it did not. */
  readonly why: string
}

export interface Shell {
  /** Whose: for messages. */
  readonly name: string
  run(script: string, words: readonly string[], timeoutMs: number): Promise<ScriptResult>
  /** Puts a file there. Rejects never: the reason is the answer, null when it is there. */
  put(localPath: string, remotePath: string, timeoutMs: number): Promise<string | null>
  close(): Promise<void>
}

export const OUTPUT_BYTES_MAX = 4 * 1024 * 1024
export const UNPRINTABLE = 'a value holds a character that no shell can take'

/** The last line that says something, without what would steer a terminal. */
export function lastLine(text: string): string {
  const lines = text.split('\n').map(line => line.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ').trim())
  return (lines.findLast(line => line !== '') ?? '').slice(0, 300)
}

export function resultOf(
  status: number | null,
  stdout: string,
  stderr: string,
  otherwise: string,
): ScriptResult {
  const said = lastLine(stderr) || lastLine(stdout)
  const why = status === 0 ? '' : said || otherwise
  return { ok: status === 0, status, stdout, why }
}

export class LocalShell implements Shell {
  readonly name: string
  readonly #env: Readonly<Record<string, string>>
  readonly #prefix: readonly string[]

  constructor(name: string, env: Readonly<Record<string, string>>, prefix: readonly string[] = []) {
    this.name = name
    this.#env = env
    this.#prefix = prefix
  }

  async run(script: string, words: readonly string[], timeoutMs: number): Promise<ScriptResult> {
    const input = printScript(script, words)
    if (input === null) return resultOf(null, '', '', UNPRINTABLE)
    const [file = 'sh', ...args] = [...this.#prefix, 'sh', '-eu']
    const result = await runCommand(file, args, {
      timeoutMs,
      input,
      env: this.#env,
      outputBytesMax: OUTPUT_BYTES_MAX,
    })
    const otherwise =
      result.spawnError ??
      (result.timedOut
        ? `took longer than ${timeoutMs / 1000} s`
        : `status ${result.exitCode ?? result.signal}`)
    return resultOf(result.exitCode, result.stdout, result.stderr, otherwise)
  }

  async put(): Promise<string | null> {
    return 'nothing is uploaded to the own machine'
  }

  async close(): Promise<void> {}
}
