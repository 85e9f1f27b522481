/**
 * One host at the end of ssh: scripts on the standard input of a constant command, files by SFTP. A connection that is
 * lost is made again, a few times with a pause; what was being run is then run again, which the scripts allow.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'ssh2'
import { nowMs } from '../../base/io/real-clock.js'
import { printScript } from '../codec/shell-script.js'
import { resultOf, type ScriptResult, type Shell, UNPRINTABLE } from './shell.js'
import { execute, Lost, upload } from './ssh-calls.js'
import { connectSsh, type Failure, type SshOptions } from './ssh-connect.js'

export const RETRY_AFTER_MS = [500, 1_000, 2_000] as const

export class SshShell implements Shell {
  readonly name: string
  readonly #options: SshOptions
  #client: Client | null = null
  #connecting: Promise<Client | Failure> | null = null
  #isClosed = false
  /** Since when it cannot be reached. */
  #gone: { readonly sinceMs: number; readonly why: string } | null = null

  constructor(name: string, options: SshOptions) {
    this.name = name
    this.#options = options
  }

  async run(script: string, words: readonly string[], timeoutMs: number): Promise<ScriptResult> {
    const input = printScript(script, words)
    if (input === null) return resultOf(null, '', '', UNPRINTABLE)
    return this.#insist(
      client => execute(client, `${this.#options.prefix ?? ''}sh -eu`, input, timeoutMs),
      why => resultOf(null, '', '', why),
    )
  }

  async put(localPath: string, remotePath: string, timeoutMs: number): Promise<string | null> {
    return this.#insist(
      client => upload(client, localPath, remotePath, timeoutMs),
      why => why,
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#client?.end()
    this.#client = null
  }

  /** Tries again after a lost connection; a refusal is final. `act` gives null when the connection was lost. */
  async #insist<T>(act: (client: Client) => Promise<T | Lost>, failed: (why: string) => T): Promise<T> {
    const { restMs } = this.#options
    const gone = restMs === undefined ? null : this.#gone
    if (gone !== null && nowMs() - gone.sinceMs < restMs!) return failed(gone.why)
    let why = ''
    for (let attempt = 0; ; attempt++) {
      const client = await this.#connected()
      if (client instanceof Client) {
        const result = await act(client)
        if (!(result instanceof Lost)) {
          this.#gone = null
          return result
        }
        why = result.why
        this.#forget(client)
      } else {
        why = client.why
        if (client.isFinal) return failed(`ssh ${this.name}: ${why}`)
      }
      const pauseMs = gone === null ? RETRY_AFTER_MS[attempt] : undefined
      if (pauseMs === undefined || this.#isClosed) {
        this.#gone = { sinceMs: nowMs(), why: `ssh ${this.name}: ${why}` }
        return failed(this.#gone.why)
      }
      await delay(pauseMs)
    }
  }

  #forget(client: Client): void {
    client.destroy()
    if (this.#client === client) this.#client = null
  }

  async #connected(): Promise<Client | Failure> {
    if (this.#client !== null) return this.#client
    this.#connecting ??= connectSsh(this.name, this.#options)
    const result = await this.#connecting
    this.#connecting = null
    if (result instanceof Client) {
      this.#client = result
      result.once('close', () => {
        if (this.#client === result) this.#client = null
      })
    }
    return result
  }
}
