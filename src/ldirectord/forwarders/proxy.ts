/**
 * The forwarder `proxy`: talks to the process ldirectord-proxy, which forwards TCP and UDP in user space. A running one is
 * joined, else one is started; it outlives this process. Should it die, a fresh one is started at once and gets the
 * table that the dead one had, which is mirrored here for that purpose: nobody else has to notice.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { nowMs } from '../../base/io/real-clock.js'
import { untellable } from '../core/client-telling.js'
import { reconcile } from '../core/reconcile.js'
import { type Edit, serviceId, type Table } from '../core/table.js'
import { EDITS_MAX } from '../proxy/core/control.js'
import { LiveTable } from '../proxy/core/live-table.js'
import type { DestinationCounters, EditResult, Forwarder } from './forwarder.js'
import type { ControlClient } from './proxy-control.js'
import { joinOrStartProxy, type ProxyOptions } from './proxy-process.js'

export type { ProxyOptions } from './proxy-process.js'

/** Rejects with a sentence when there is no proxy and none can be started. */
export async function openProxy(options: ProxyOptions): Promise<Forwarder> {
  const forwarder = new ProxyForwarder(options)
  await forwarder.open()
  return forwarder
}

/** A process that dies again so soon after its start is not started anew without a pause. */
const SHORT_LIFE_MS = 5_000
const PAUSE_MS = 1_000
const never = new AbortController().signal

class ProxyForwarder implements Forwarder {
  readonly name = 'proxy'
  readonly tellsClients = true
  readonly concessions = untellable
  readonly #options: ProxyOptions
  /** The table as it was last seen or made; null before the first look. */
  #mirror: LiveTable | null = null
  #client: Promise<ControlClient> | null = null
  #connectedMs = 0
  /** As proxyworkers of the file that was loaded last. */
  #workers: number | null
  #isReplacing = false
  #isClosed = false

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#workers = options.workers ?? null
  }

  async open(): Promise<void> {
    await this.#connected()
  }

  async read(signal: AbortSignal): Promise<Table> {
    const table = await readTable(await this.#connected(), signal)
    this.#mirror = mirrorOf(table)
    return table
  }

  async counters(signal: AbortSignal): Promise<readonly DestinationCounters[]> {
    const response = await (await this.#connected()).ask({ op: 'counters' }, signal)
    if (!('counters' in response)) throw new Error('the proxy answered something else than its counters')
    return response.counters
  }

  async apply(edits: readonly Edit[], signal: AbortSignal): Promise<readonly EditResult[]> {
    const results: EditResult[] = []
    for (let from = 0; from < edits.length; from += EDITS_MAX) {
      const batch = edits.slice(from, from + EDITS_MAX)
      try {
        results.push(...(await applyBatch(await this.#connected(), batch, signal)))
      } catch (error) {
        // A proxy that is gone is the failure of each edit, as a failing ipvsadm would be.
        results.push(...batch.map(edit => ({ edit, error: (error as Error).message })))
      }
    }
    for (const { edit, error } of results) if (error === null) this.#mirror?.apply(edit)
    return results
  }

  /** One that is just being replaced hears of it when it is connected. */
  async setWorkers(count: number | null): Promise<void> {
    if (count === this.#workers) return
    this.#workers = count
    const client = await this.#client?.catch(() => null)
    if (client && !client.isLost && (await this.#tellWorkers(client)))
      this.#options.log('info', `proxy: proxyworkers is ${count ?? 'unset'} now`)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const client = await this.#client?.catch(() => null)
    await client?.close()
  }

  /** The connection to the process; made anew when it was lost or never came about. */
  #connected(): Promise<ControlClient> {
    if (this.#isClosed) return Promise.reject(new Error('the proxy forwarder is closed'))
    if (this.#client) return this.#client
    const attempt = this.#connect()
    this.#client = attempt
    attempt.catch(() => {
      if (this.#client === attempt) this.#client = null
    })
    return attempt
  }

  async #connect(): Promise<ControlClient> {
    const client = await joinOrStartProxy(this.#options)
    this.#connectedMs = nowMs()
    client.onLost = () => void this.#replace()
    await this.#tellWorkers(client)
    const current = await readTable(client, never)
    if (this.#mirror === null) this.#mirror = mirrorOf(current)
    else await this.#putBack(client, current, this.#mirror.table())
    return client
  }

  /** Whether it has taken the number; one of an older version goes on with as many threads as it has. */
  async #tellWorkers(client: ControlClient): Promise<boolean> {
    try {
      await client.ask({ op: 'workers', count: this.#workers }, never)
      return true
    } catch (error) {
      this.#options.log('WARN', `proxy: proxyworkers: ${(error as Error).message}`)
      return false
    }
  }

  /** The process died under us: another one, and the table as it was. */
  async #replace(): Promise<void> {
    if (this.#isClosed || this.#isReplacing) return
    this.#isReplacing = true
    this.#client = null
    this.#options.log('ERROR', 'proxy: the process ended; starting it again')
    if (nowMs() - this.#connectedMs < SHORT_LIFE_MS) await wait(PAUSE_MS)
    while (!this.#isClosed) {
      try {
        await this.#connected()
        break
      } catch (error) {
        this.#options.log('ERROR', `proxy: ${(error as Error).message}`)
        await wait(PAUSE_MS)
      }
    }
    this.#isReplacing = false
  }

  async #putBack(client: ControlClient, current: Table, wanted: Table): Promise<void> {
    const edits = reconcile(wanted, current, new Set(wanted.services.map(({ key }) => serviceId(key))))
    for (let from = 0; from < edits.length; from += EDITS_MAX) {
      for (const { error } of await applyBatch(client, edits.slice(from, from + EDITS_MAX), never)) {
        if (error !== null) this.#options.log('ERROR', `proxy: putting the table back: ${error}`)
      }
    }
    if (edits.length > 0) {
      this.#options.log('info', `proxy: forwards again, ${wanted.services.length} services put back`)
    }
  }
}

async function readTable(client: ControlClient, signal: AbortSignal): Promise<Table> {
  const response = await client.ask({ op: 'read' }, signal)
  if (!('table' in response)) throw new Error('the proxy answered something else than its table')
  return response.table
}

async function applyBatch(
  client: ControlClient,
  edits: readonly Edit[],
  signal: AbortSignal,
): Promise<EditResult[]> {
  const response = await client.ask({ op: 'apply', edits }, signal)
  if (!('errors' in response) || response.errors.length !== edits.length) {
    throw new Error('the proxy answered something else than its results')
  }
  return edits.map((edit, n) => ({ edit, error: response.errors[n] ?? null }))
}

function mirrorOf(table: Table): LiveTable {
  const mirror = new LiveTable()
  for (const service of table.services) {
    mirror.apply({ kind: 'addService', service })
    for (const destination of service.destinations) {
      mirror.apply({ kind: 'addDestination', key: service.key, destination })
    }
  }
  return mirror
}
