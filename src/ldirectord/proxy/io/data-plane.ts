/**
 * The forwarding itself: the live table, a listener for each service, the connections of each service. Edits come
 * in from the control socket; what is worth a log line goes out as a notice. TCP is carried by the workers where the
 * machine offers the calls that they need, else here, by Node's own sockets; UDP always here.
 */
import type { Socket } from 'node:net'
import { isNativeFailure } from '../../../base/io/native.js'
import { machineMs } from '../../../base/io/real-clock.js'
import { type TcpSockets, tcpSockets } from '../../../base/io/tcp-calls.js'
import { type Edit, endpoint, serviceId } from '../../core/table.js'
import type { Level } from '../core/control.js'
import { LocalLedger, SharedLedger, type Shares } from '../core/ledger.js'
import { type LiveService, LiveTable } from '../core/live-table.js'
import { SharedState } from '../core/shared-state.js'
import type { WorkerOrder, WorkerReport } from '../core/worker-orders.js'
import { ProxiedConnection } from './proxied-connection.js'
import { ServiceListener } from './service-listener.js'
import { openFilesMax, type ProxySettings } from './settings.js'
import { SharedListener } from './shared-listener.js'
import { UdpService } from './udp-service.js'
import { WorkerPool } from './worker-pool.js'

export type Notify = (level: Level, text: string) => void

interface RunningService {
  readonly live: LiveService
  readonly listener: ServiceListener | SharedListener | UdpService
  readonly connections: Set<ProxiedConnection>
}

/** How often connections are looked at for idleness, at most. */
const SWEEP_MS_MAX = 30_000
/** A limit that is reached is said once in this time. */
const LIMIT_NOTICE_MS = 60_000
const NONE_TRIED: ReadonlySet<never> = new Set()

export class DataPlane {
  readonly table: LiveTable
  readonly #shared: SharedState
  /** null: TCP is forwarded by this thread. */
  readonly #workers: {
    readonly pool: WorkerPool
    readonly sockets: TcpSockets
    readonly ledger: SharedLedger
  } | null
  /** When the workers know of all edits. */
  #known: Promise<unknown> = Promise.resolve()
  readonly #settings: ProxySettings
  readonly #notify: Notify
  readonly #running = new Map<string, RunningService>()
  readonly #sweep: NodeJS.Timeout
  #refusedAtLimit = 0
  #limitSaidMs = Number.NEGATIVE_INFINITY
  #saidMasq = false
  #workersWanted: number

  constructor(settings: ProxySettings, notify: Notify) {
    this.#settings = settings
    this.#workersWanted = settings.workers
    this.#notify = notify
    this.#shared = SharedState.create(openFilesMax())
    this.#workers = this.#openWorkers()
    this.table = new LiveTable(this.#workers?.ledger ?? new LocalLedger())
    const shortestMs = Math.min(settings.idleTimeoutMs, settings.udpIdleTimeoutMs, settings.onePacketAnswerMs)
    this.#sweep = setInterval(() => this.#lookForIdle(), Math.min(SWEEP_MS_MAX, shortestMs / 4))
  }

  /** How many threads forward TCP from now on. */
  setWorkers(count: number): void {
    this.#workersWanted = count
    if (this.#workers && this.#workers.pool.size > 0) this.#workers.pool.resize(count)
  }

  /** null when applied, else one sentence. */
  async apply(edit: Edit): Promise<string | null> {
    const [error = null] = await this.applyAll([edit])
    return error
  }

  /** In order; what they ask for holds for all workers when this resolves. */
  async applyAll(edits: readonly Edit[]): Promise<(string | null)[]> {
    const errors: (string | null)[] = []
    for (const edit of edits) errors.push(await this.#applyOne(edit))
    await this.#known
    return errors
  }

  async #applyOne(edit: Edit): Promise<string | null> {
    const error = this.table.apply(edit)
    if (error !== null) return error
    switch (edit.kind) {
      case 'addService':
        this.#tellWorkers(edit)
        return this.#open(serviceId(edit.service.key))
      case 'deleteService':
        await this.#close(serviceId(edit.key))
        this.#tellWorkers(edit)
        return null
      case 'addDestination':
      case 'editDestination':
        this.#sayMasq(edit.destination.method)
        break
      default:
    }
    this.#tellWorkers(edit)
    return null
  }

  closeAll(): void {
    clearInterval(this.#sweep)
    for (const id of [...this.#running.keys()]) void this.#close(id)
    this.#workers?.pool.close()
  }

  #openWorkers() {
    const { workerProgram, ...settings } = this.#settings
    if (workerProgram === null) return null
    const sockets = tcpSockets()
    if (isNativeFailure(sockets)) {
      this.#notify('info', `proxy: forwards TCP in one thread, and slower: ${sockets.reason}`)
      return null
    }
    const pool = new WorkerPool({
      program: workerProgram,
      sockets,
      shared: this.#shared,
      settings: {
        connectionsMax: settings.connectionsMax,
        idleTimeoutMs: settings.idleTimeoutMs,
        connectTimeoutMs: settings.connectTimeoutMs,
        attemptsMax: settings.attemptsMax,
      },
      orders: () => this.#wholeTable(),
      reported: report => this.#reported(report),
    })
    return { pool, sockets, ledger: new SharedLedger(this.#shared) }
  }

  #reported(report: Exclude<WorkerReport, { kind: 'done' }>): void {
    if (report.kind === 'notice') this.#notify(report.level, report.text)
    else this.#sayLimit(report.count)
  }

  /** Workers know of services of TCP alone. */
  #tellWorkers(edit: Edit): void {
    const key = 'service' in edit ? edit.service.key : edit.key
    if (!this.#workers || key.protocol !== 'tcp') return
    // Without a service there is nothing to do for them.
    if (edit.kind === 'addService' && this.#workers.pool.size === 0)
      this.#workers.pool.resize(this.#workersWanted)
    else this.#tell({ kind: 'edit', edit, shares: this.#sharesOf(edit) })
  }

  #tell(order: WorkerOrder): Promise<void> {
    const told = this.#workers?.pool.tell(order) ?? Promise.resolve()
    this.#known = Promise.all([this.#known, told])
    return told
  }

  #sharesOf(edit: Edit): Shares {
    const key = 'service' in edit ? edit.service.key : edit.key
    const service = this.table.services.get(serviceId(key))
    if (service === undefined) return {}
    if (!('destination' in edit)) return service.shares
    const { address, port } = edit.destination
    const destination = service.destinations.get(endpoint(address, port))
    return destination ? { slot: destination.slot } : {}
  }

  /** Everything that a worker must know that begins now. */
  #wholeTable(): WorkerOrder[] {
    const orders: WorkerOrder[] = []
    const add = (edit: Edit): void => {
      orders.push({ kind: 'edit', edit, shares: this.#sharesOf(edit) })
    }
    for (const { id, key, settings, destinations } of this.table.services.values()) {
      if (key.protocol !== 'tcp') continue
      add({ kind: 'addService', service: settings })
      for (const { settings: destination } of destinations.values())
        add({ kind: 'addDestination', key, destination })
      const listener = this.#running.get(id)?.listener
      if (listener instanceof SharedListener && listener.fd !== null) {
        orders.push({ kind: 'listen', service: id, fd: listener.fd })
      }
    }
    return orders
  }

  async #open(id: string): Promise<string | null> {
    const live = this.table.services.get(id)!
    const place = endpoint(live.key.address, live.key.port)
    const connections = new Set<ProxiedConnection>()
    const context = {
      retryMs: this.#settings.listenRetryMs,
      waiting: (reason: string | null) =>
        reason === null
          ? this.#notify('info', `proxy: listening on ${place} now`)
          : this.#notify('WARN', `proxy: waiting for the address ${place}: ${reason}`),
    }
    const listener =
      live.key.protocol === 'udp'
        ? new UdpService(live, {
            ...context,
            settings: this.#settings,
            choose: (client, now) => this.table.choose(live, client, now, NONE_TRIED),
            takePlace: () => this.#takePlace(),
            freePlace: () => this.#shared.takePlaces(-1),
          })
        : this.#workers
          ? new SharedListener(live.key, {
              ...context,
              sockets: this.#workers.sockets,
              opened: fd => this.#tell({ kind: 'listen', service: id, fd }),
              closed: fd => this.#tell({ kind: 'unlisten', fd }),
            })
          : new ServiceListener(live.key, {
              ...context,
              accept: client => this.#accept(client, live, connections),
            })
    this.#running.set(id, { live, listener, connections })
    const error = await listener.open()
    if (error !== null) {
      await this.#close(id)
      this.table.services.delete(id)
    }
    return error
  }

  async #close(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    for (const connection of running.connections) connection.reset()
    await running.listener.close()
  }

  #accept(client: Socket, live: LiveService, connections: Set<ProxiedConnection>): void {
    const { remoteAddress, remotePort } = client
    if (remoteAddress === undefined || remotePort === undefined) {
      client.destroy() // it left between the accept and now
      return
    }
    if (!this.#takePlace()) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const caller = { address: remoteAddress, port: remotePort }
    const connection = new ProxiedConnection(
      client,
      {
        settings: this.#settings,
        choose: tried => this.table.choose(live, caller, machineMs(), tried),
        ended: ended => {
          this.#shared.takePlaces(-1)
          connections.delete(ended)
        },
      },
      machineMs(),
    )
    connections.add(connection)
  }

  #takePlace(): boolean {
    if (this.#shared.places >= this.#settings.connectionsMax) {
      this.#sayLimit(1)
      return false
    }
    this.#shared.takePlaces(1)
    return true
  }

  #lookForIdle(): void {
    const now = machineMs()
    this.#workers?.ledger.reclaim()
    for (const { live, listener, connections } of this.#running.values()) {
      if (listener instanceof UdpService) listener.closeIdle(now)
      live.persistence.forgetExpired(now)
      for (const connection of connections) connection.resetIfIdle(now)
    }
  }

  #sayLimit(refused: number): void {
    this.#refusedAtLimit += refused
    const now = machineMs()
    if (now - this.#limitSaidMs < LIMIT_NOTICE_MS) return
    this.#limitSaidMs = now
    this.#notify(
      'WARN',
      `proxy: ${this.#settings.connectionsMax} connections are open, the limit; ` +
        `${this.#refusedAtLimit} refused or displaced so far (raise ulimit -n)`,
    )
  }

  #sayMasq(method: string): void {
    if (method === 'masq' || this.#saidMasq) return
    this.#saidMasq = true
    this.#notify('info', `proxy: forwards all real servers as masq, also those written as ${method}`)
  }
}
