/**
 * One host at the end of the programs ssh and scp, for what ssh2 does not know: jump hosts, host certificates, whatever
 * the user's own ssh_config says. One connection a host is shared by all calls. Host keys are verified by ssh, by the
 * same known_hosts; a question is never asked.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type CommandResult, runCommand } from '../../base/io/run-command.js'
import { printScript } from '../codec/shell-script.js'
import { lastLine, OUTPUT_BYTES_MAX, resultOf, type ScriptResult, type Shell, UNPRINTABLE } from './shell.js'
import { RETRY_AFTER_MS } from './ssh.js'
import type { SshOptions } from './ssh-connect.js'

/** What ssh answers when it is the connection that failed. */
const CONNECTION_FAILED = 255
const SHARED_SECONDS = 60
const CLOSE_MS_MAX = 5_000
/** What another attempt cannot mend. */
const FINAL = /host key|Permission denied|REMOTE HOST IDENTIFICATION|Bad configuration|Could not resolve/i

export class OpensshShell implements Shell {
  readonly name: string
  readonly #options: SshOptions
  #folder: string | null = null

  constructor(name: string, options: SshOptions) {
    this.name = name
    this.#options = options
  }

  async run(script: string, words: readonly string[], timeoutMs: number): Promise<ScriptResult> {
    const input = printScript(script, words)
    if (input === null) return resultOf(null, '', '', UNPRINTABLE)
    const { host, port, user, prefix = '' } = this.#options
    const to = ['-p', String(port), '-T', '-l', user, '--', host, `${prefix}sh -eu`]
    const result = await this.#insist('ssh', to, timeoutMs, input)
    const otherwise = result.spawnError ?? endOf(result, timeoutMs)
    const ended = resultOf(result.exitCode, result.stdout, result.stderr, otherwise)
    return isLost(result) ? { ...ended, status: null, why: `ssh ${this.name}: ${ended.why}` } : ended
  }

  async put(localPath: string, remotePath: string, timeoutMs: number): Promise<string | null> {
    const { host, port, user } = this.#options
    const place = `${user}@${host.includes(':') ? `[${host}]` : host}:${remotePath}`
    // scp takes a path with a colon before its first slash for a host.
    const from = localPath.startsWith('/') ? localPath : `./${localPath}`
    const words = ['-q', '-s', '-P', String(port), '--', from, place]
    const result = await this.#insist('scp', words, timeoutMs)
    if (result.exitCode === 0) return null
    const why = lastLine(result.stderr) || (result.spawnError ?? endOf(result, timeoutMs))
    return `cannot write ${remotePath}: ${why}`
  }

  async close(): Promise<void> {
    if (this.#folder === null) return
    const { host, user, port } = this.#options
    const words = [...this.#common(), '-O', 'exit', '-p', String(port), '-l', user, '--', host]
    await runCommand('ssh', words, { timeoutMs: CLOSE_MS_MAX, env: environment() })
    rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = null
  }

  /** Tries again after a lost connection. */
  async #insist(
    program: 'ssh' | 'scp',
    words: readonly string[],
    timeoutMs: number,
    input?: string,
  ): Promise<CommandResult> {
    for (let attempt = 0; ; attempt++) {
      const result = await runCommand(program, [...this.#common(), ...words], {
        timeoutMs,
        env: environment(),
        outputBytesMax: OUTPUT_BYTES_MAX,
        ...(input !== undefined && { input }),
      })
      const pauseMs = RETRY_AFTER_MS[attempt]
      if (!isLost(result) || pauseMs === undefined || FINAL.test(result.stderr)) return result
      await delay(pauseMs)
    }
  }

  #common(): string[] {
    const { knownHosts, strict, timeoutMs, keyFile } = this.#options
    // A short path: the name of a socket has 107 characters.
    this.#folder ??= mkdtempSync(join(tmpdir(), 'ha-deploy-'))
    const options = {
      BatchMode: 'yes',
      StrictHostKeyChecking: strict,
      UserKnownHostsFile: `"${knownHosts}"`,
      ConnectTimeout: String(Math.ceil(timeoutMs / 1000)),
      ServerAliveInterval: '5',
      ServerAliveCountMax: '4',
      ControlMaster: 'auto',
      ControlPath: `${this.#folder}/s`,
      ControlPersist: String(SHARED_SECONDS),
      ...(keyFile !== null && { IdentityFile: `"${keyFile}"`, IdentitiesOnly: 'yes' }),
    }
    return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  }
}

const isLost = ({ exitCode, spawnError }: CommandResult): boolean =>
  exitCode === CONNECTION_FAILED && spawnError === null

const endOf = ({ timedOut, exitCode, signal }: CommandResult, timeoutMs: number): string =>
  timedOut ? `took longer than ${timeoutMs / 1000} s` : `status ${exitCode ?? signal}`

function environment(): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME = '/', SSH_AUTH_SOCK } = process.env
  return { PATH, HOME, LC_ALL: 'C', ...(SSH_AUTH_SOCK !== undefined && { SSH_AUTH_SOCK }) }
}
