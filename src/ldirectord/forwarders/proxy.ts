/**
 * The forwarder `proxy`: talks to the process ldirectord-proxy, which forwards TCP in user space. A running one is
 * joined, else one is started that outlives this process. Should it die, the next call starts a fresh one with an
 * empty table: what is missing is then put back by the reconciler, as after any other loss.
 */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Log } from '../../log/record.js'
import type { Edit, Table } from '../core/table.js'
import { EDITS_MAX } from '../proxy/core/control.js'
import { proxyPlace } from '../proxy/core/place.js'
import type { DestinationCounters, EditResult, Forwarder } from './forwarder.js'
import { type ControlClient, connectControl } from './proxy-control.js'

export interface ProxyOptions {
  /** The name of the ldirectord instance: each has a proxy of its own. */
  readonly instance: string
  /** Folder of the control socket and the pid file. */
  readonly varRun: string
  readonly log: Log
  /** The program of the process; the bundle beside the running one unless a test says otherwise. */
  readonly program?: string
}

const START_MS_MAX = 10_000
const START_LOOK_MS = 20
const STDERR_BYTES_MAX = 4_096
/** sun_path of unix(7), and what the process puts behind the name while it starts. */
const SOCKET_PATH_BYTES_MAX = 107
const PID_BYTES_MAX = 8

/** Rejects with a sentence when there is no proxy and none can be started. */
export async function openProxy(options: ProxyOptions): Promise<Forwarder> {
  const { socketPath } = proxyPlace(options.varRun, options.instance)
  if (Buffer.byteLength(socketPath) + PID_BYTES_MAX > SOCKET_PATH_BYTES_MAX) {
    throw new Error(
      `the name of the proxy's socket, ${socketPath}, is longer than ${SOCKET_PATH_BYTES_MAX} bytes: choose a shorter folder`,
    )
  }
  const forwarder = new ProxyForwarder(options)
  await forwarder.connect()
  return forwarder
}

class ProxyForwarder implements Forwarder {
  readonly name = 'proxy'
  readonly #options: ProxyOptions
  readonly #socketPath: string
  #client: Promise<ControlClient> | null = null
  #isClosed = false

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#socketPath = proxyPlace(options.varRun, options.instance).socketPath
  }

  /** The connection to the proxy; made anew, with a new process if need be, when it was lost. */
  async connect(): Promise<ControlClient> {
    if (this.#isClosed) throw new Error('the proxy forwarder is closed')
    const seen = this.#client
    const known = await seen?.catch(() => null)
    if (known && !known.isLost) return known
    if (this.#client !== seen) return this.connect() // somebody else has begun to connect meanwhile
    if (known) this.#options.log('ERROR', 'proxy: the process ended; starting a new one')
    this.#client = this.#joinOrStart()
    return this.#client
  }

  async read(signal: AbortSignal): Promise<Table> {
    const response = await (await this.connect()).ask({ op: 'read' }, signal)
    if (!('table' in response)) throw new Error('the proxy answered something else than its table')
    return response.table
  }

  async counters(signal: AbortSignal): Promise<readonly DestinationCounters[]> {
    const response = await (await this.connect()).ask({ op: 'counters' }, signal)
    if (!('counters' in response)) throw new Error('the proxy answered something else than its counters')
    return response.counters
  }

  async apply(edits: readonly Edit[], signal: AbortSignal): Promise<readonly EditResult[]> {
    const results: EditResult[] = []
    for (let from = 0; from < edits.length; from += EDITS_MAX) {
      const batch = edits.slice(from, from + EDITS_MAX)
      const errors = await this.#applyBatch(batch, signal)
      results.push(...batch.map((edit, n) => ({ edit, error: errors[n] ?? null })))
    }
    return results
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const client = await this.#client?.catch(() => null)
    await client?.close()
  }

  /** A proxy that is gone is the failure of each edit, as a failing ipvsadm would be. */
  async #applyBatch(edits: readonly Edit[], signal: AbortSignal): Promise<readonly (string | null)[]> {
    try {
      const response = await (await this.connect()).ask({ op: 'apply', edits }, signal)
      if ('errors' in response && response.errors.length === edits.length) return response.errors
      return edits.map(() => 'the proxy answered something else than results')
    } catch (error) {
      return edits.map(() => (error as Error).message)
    }
  }

  async #joinOrStart(): Promise<ControlClient> {
    const running = await connectControl(this.#socketPath, this.#options.log)
    return running ?? this.#start()
  }

  async #start(): Promise<ControlClient> {
    const { instance, varRun, log } = this.#options
    const program =
      this.#options.program ?? join(dirname(fileURLToPath(import.meta.url)), 'ldirectord-proxy.cjs')
    const child = spawn(process.execPath, [program, instance, varRun], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
    })
    const ending: { sentence: string | null } = { sentence: null }
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('utf8')
    })
    child.once('error', error => {
      ending.sentence = `the proxy process cannot be started: ${error.message}`
    })
    child.once('exit', (code, signal) => {
      const said = stderr.trim().split('\n').slice(-1)[0]
      ending.sentence = `the proxy process ended (${code ?? signal})${said ? `: ${said}` : ''}`
    })
    try {
      for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += START_LOOK_MS) {
        const client = await connectControl(this.#socketPath, log)
        if (client) return client
        if (ending.sentence !== null) throw new Error(ending.sentence)
        await wait(START_LOOK_MS)
      }
      child.kill('SIGTERM')
      throw new Error(`the proxy process did not open ${this.#socketPath} within ${START_MS_MAX / 1000} s`)
    } finally {
      // From here on the process stands alone: it must not keep this one alive.
      child.stderr.destroy()
      child.unref()
    }
  }
}
