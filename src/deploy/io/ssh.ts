/**
 * One host at the end of ssh: scripts on the standard input of a constant command, files by SFTP. A connection that is
 * lost is made again, a few times with a pause; what was being run is then run again, which the scripts allow. The
 * host key is judged before anything is said; ssh2 would believe any key if it were not asked.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type ClientChannel, type ConnectConfig } from 'ssh2'
import { readSmallFile } from '../../base/io/files.js'
import { nowMs } from '../../base/io/real-clock.js'
import { fingerprint, judge, knownHostsLine, knownTypes } from '../codec/known-hosts.js'
import { printScript } from '../codec/shell-script.js'
import { OUTPUT_BYTES_MAX, resultOf, type ScriptResult, type Shell, UNPRINTABLE } from './shell.js'

const KNOWN_HOSTS_BYTES_MAX = 16 * 1024 * 1024
const KEY_BYTES_MAX = 65_536
export const RETRY_AFTER_MS = [500, 1_000, 2_000] as const
const KEEPALIVE_MS = 5_000
const KEEPALIVES_MISSED_MAX = 4

export interface SshOptions {
  readonly host: string
  readonly port: number
  readonly user: string
  /** null: the agent. */
  readonly keyFile: string | null
  readonly agent: string | null
  readonly knownHosts: string
  readonly strict: 'yes' | 'accept-new'
  readonly timeoutMs: number
  /** Put before `sh` on the other side, such as `sudo -n`. */
  readonly prefix?: string
  /**
   * A place that is gone for good must not hold up those that look at it twice a second: once it could not be reached
   * it is tried once, no sooner than after this time. Absent: every call insists.
   */
  readonly restMs?: number
  /** Told of a key that was learnt. */
  readonly onLearnt?: (sentence: string) => void
}

/** A failure that another attempt cannot mend. */
interface Failure {
  readonly why: string
  readonly isFinal: boolean
}

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
    this.#connecting ??= this.#connect()
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

  #connect(): Promise<Client | Failure> {
    const { host, port, user, timeoutMs, keyFile, agent, knownHosts } = this.#options
    let known: string
    let privateKey: Buffer | null = null
    try {
      known = readKnownHosts(knownHosts)
      if (keyFile !== null) privateKey = readSmallFile(keyFile, KEY_BYTES_MAX)
    } catch (error) {
      return Promise.resolve({ why: (error as Error).message, isFinal: true })
    }
    let refusal: string | null = null
    const types = knownTypes(known, host, port)
    const config: ConnectConfig = {
      host,
      port,
      username: user,
      readyTimeout: timeoutMs,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_MISSED_MAX,
      hostVerifier: (key: Buffer) => {
        refusal = this.#refusal(known, key)
        return refusal === null
      },
      ...(types.length > 0 && {
        algorithms: { serverHostKey: { append: [], prepend: algorithmsFor(types), remove: [] } },
      }),
      ...(privateKey !== null && { privateKey }),
      ...(privateKey === null && agent !== null && { agent }),
    }
    return new Promise(resolve => {
      const client = new Client()
      const fail = (why: string, isFinal: boolean): void => {
        client.destroy()
        resolve({ why, isFinal })
      }
      client.once('ready', () => resolve(client))
      client.on('error', error => {
        const isFinal = refusal !== null || (error as { level?: string }).level === 'client-authentication'
        fail(refusal ?? error.message, isFinal)
      })
      client.once('close', () => fail(refusal ?? 'the connection was closed', refusal !== null))
      try {
        client.connect(config)
      } catch (error) {
        // A private key that cannot be read (a passphrase, another format) is told by an exception.
        fail((error as Error).message, true)
      }
    })
  }

  /** Why this key is not believed, or null. */
  #refusal(known: string, key: Buffer): string | null {
    const { host, port, strict, knownHosts, onLearnt } = this.#options
    const judged = judge(known, host, port, key)
    const shown = fingerprint(key)
    switch (judged.verdict) {
      case 'known':
        return null
      case 'changed':
        return `the host key changed: it shows ${shown}, ${knownHosts}:${judged.line} has another one`
      case 'unknown': {
        if (strict === 'yes') return `the host key ${shown} is not in ${knownHosts}`
        try {
          appendFileSync(knownHosts, knownHostsLine(host, port, key), { mode: 0o644 })
        } catch (error) {
          return `the host key ${shown} cannot be remembered: ${(error as Error).message}`
        }
        onLearnt?.(`${this.name}: host key ${shown} added to ${knownHosts}`)
        return null
      }
    }
  }
}

function readKnownHosts(path: string): string {
  try {
    return readSmallFile(path, KNOWN_HOSTS_BYTES_MAX).toString('latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '' // nobody is known yet
    throw error
  }
}

/** The signature algorithms of the key types on file: a host is to prove the key that we know. */
function algorithmsFor(types: readonly string[]): never[] {
  return types.flatMap(type => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type])) as never[]
}

/** The connection went away in the middle. */
class Lost {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

function execute(
  client: Client,
  command: string,
  input: string,
  timeoutMs: number,
): Promise<ScriptResult | Lost> {
  return new Promise(resolve => {
    const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const kept = { stdout: 0, stderr: 0 }
    let status: number | null = null
    let signal: string | null = null
    let ended = false
    const settle = (result: ScriptResult | Lost): void => {
      clearTimeout(deadline)
      client.off('close', lost)
      resolve(result)
    }
    const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(pieces[name]).toString('utf8')
    const finish = (otherwise: string): void =>
      settle(resultOf(status, text('stdout'), text('stderr'), signal ? `ended by ${signal}` : otherwise))
    const lost = (): void => settle(new Lost('the connection was lost'))
    // The close of a channel is not certain to come: a deadline of our own ends the waiting.
    const deadline = setTimeout(() => {
      channel?.destroy()
      finish(`took longer than ${timeoutMs / 1000} s`)
    }, timeoutMs)
    let channel: ClientChannel | null = null
    client.once('close', lost)
    const keep = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
      const room = OUTPUT_BYTES_MAX - kept[name]
      if (room > 0) pieces[name].push(chunk.subarray(0, room))
      kept[name] += Math.min(Math.max(room, 0), chunk.length)
    }
    try {
      client.exec(command, (error, opened) => {
        if (error) return settle(new Lost(error.message))
        channel = opened
        opened.on('data', keep('stdout'))
        opened.stderr.on('data', keep('stderr'))
        opened.on('exit', (code: number | null, name?: string) => {
          ended = true
          status = code
          signal = name ?? null
        })
        opened.on('error', () => {}) // told by close
        opened.once('close', () => (ended ? finish(`status ${status}`) : lost()))
        opened.end(input)
      })
    } catch (error) {
      settle(new Lost((error as Error).message)) // "Not connected"
    }
  })
}

function upload(client: Client, from: string, to: string, timeoutMs: number): Promise<string | null | Lost> {
  return new Promise(resolve => {
    const settle = (result: string | null | Lost): void => {
      clearTimeout(deadline)
      client.off('close', lost)
      resolve(result)
    }
    const lost = (): void => settle(new Lost('the connection was lost during the upload'))
    const deadline = setTimeout(() => settle(`the upload took longer than ${timeoutMs / 1000} s`), timeoutMs)
    client.once('close', lost)
    try {
      client.sftp((error, sftp) => {
        if (error) return settle(new Lost(error.message))
        sftp.fastPut(from, to, failure => {
          sftp.end()
          settle(failure ? `cannot write ${to}: ${failure.message}` : null)
        })
      })
    } catch (error) {
      settle(new Lost((error as Error).message))
    }
  })
}
