/**
 * The way to a host by ssh2. Its key is judged before anything is said; ssh2 would believe any key if it were not
 * asked.
 */
import { appendFileSync } from 'node:fs'
import { Client, type ConnectConfig } from 'ssh2'
import { readSmallFile } from '../../base/io/files.js'
import { fingerprint, judge, knownHostsLine, knownTypes } from '../codec/known-hosts.js'

const KNOWN_HOSTS_BYTES_MAX = 16 * 1024 * 1024
const KEY_BYTES_MAX = 65_536
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
export interface Failure {
  readonly why: string
  readonly isFinal: boolean
}

/** A connection that is ready, or why there is none. */
export function connectSsh(name: string, options: SshOptions): Promise<Client | Failure> {
  const { host, port, user, timeoutMs, keyFile, agent, knownHosts } = options
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
      refusal = refusalOf(name, options, known, key)
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
function refusalOf(name: string, options: SshOptions, known: string, key: Buffer): string | null {
  const { host, port, strict, knownHosts, onLearnt } = options
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
      onLearnt?.(`${name}: host key ${shown} added to ${knownHosts}`)
      return null
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
