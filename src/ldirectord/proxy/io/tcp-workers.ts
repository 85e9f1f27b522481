/**
 * The workers as the data plane sees them: they hear of every edit of a TCP service and of every listening socket, and
 * one that begins hears of everything. The first begins with the first listening socket, others when they are needed.
 */
import { isNativeFailure } from '../../../base/io/native.js'
import { machineMs } from '../../../base/io/real-clock.js'
import { type TcpSockets, tcpSockets } from '../../../base/io/tcp-calls.js'
import { type Edit, endpoint, serviceId } from '../../core/table.js'
import type { Level } from '../core/control.js'
import { Crew } from '../core/crew.js'
import { SharedLedger, type Shares } from '../core/ledger.js'
import type { LiveTable } from '../core/live-table.js'
import type { SharedState } from '../core/shared-state.js'
import type { WorkerOrder, WorkerReport } from '../core/worker-orders.js'
import { machineIdleMs } from './machine-idle.js'
import type { ProxySettings } from './settings.js'
import { WorkerPool } from './worker-pool.js'

/** How often is asked whether another worker would pay. */
const LOOK_MS = 250

export interface TcpWorkersContext {
  readonly settings: ProxySettings
  readonly shared: SharedState
  /** The main thread's table, which judges edits and deals out what is shared. */
  table(): LiveTable
  /** What is listened on, by service. */
  listening(): readonly [string, number][]
  notify(level: Level, text: string): void
  /** So many connections met the limit. */
  refused(count: number): void
}

export class TcpWorkers {
  readonly sockets: TcpSockets
  readonly ledger: SharedLedger
  readonly #context: TcpWorkersContext
  readonly #pool: WorkerPool
  readonly #crew: Crew
  readonly #look: NodeJS.Timeout
  #known: Promise<unknown> = Promise.resolve()

  /** null where this machine does not offer the calls that they need. */
  static open(context: TcpWorkersContext): TcpWorkers | null {
    const { workerProgram } = context.settings
    if (workerProgram === null) return null
    const sockets = tcpSockets()
    if (!isNativeFailure(sockets)) return new TcpWorkers(context, sockets, workerProgram)
    context.notify('info', `proxy: forwards TCP in one thread, and slower: ${sockets.reason}`)
    return null
  }

  private constructor(context: TcpWorkersContext, sockets: TcpSockets, program: string) {
    const { settings, shared } = context
    this.#context = context
    this.sockets = sockets
    this.ledger = new SharedLedger(shared)
    this.#crew = new Crew(settings.workersLeast, settings.workers)
    this.#look = setInterval(() => this.#employ(), LOOK_MS)
    this.#pool = new WorkerPool({
      program,
      sockets,
      shared,
      answerMs: settings.workerAnswerMs,
      settings: {
        connectionsMax: settings.connectionsMax,
        idleTimeoutMs: settings.idleTimeoutMs,
        connectTimeoutMs: settings.connectTimeoutMs,
        attemptsMax: settings.attemptsMax,
      },
      orders: () => this.#everything(),
      reported: report => this.#reported(report),
    })
  }

  /** At most so many. */
  limit(most: number): void {
    this.#crew.limit(most)
    if (this.#pool.size === 0) return
    this.#pool.limit(most)
    this.#pool.employ(this.#crew.atWork)
  }

  /** The main thread's table has taken this edit. */
  edited(edit: Edit): void {
    if (keyOf(edit).protocol !== 'tcp' || this.#pool.size === 0) return
    void this.#tell({ kind: 'edit', edit, shares: this.#sharesOf(edit) })
  }

  /** A descriptor that this process was born with becomes one that its own children are not born with. */
  adopt(fd: number): number {
    const own = this.sockets.duplicate(fd)
    if (isNativeFailure(own)) return fd
    this.sockets.close(fd)
    return own
  }

  listen(service: string, fd: number): Promise<void> {
    if (this.#pool.size === 0) this.#pool.employ(this.#crew.atWork)
    return this.#tell({ kind: 'listen', service, fd })
  }

  unlisten(fd: number): Promise<void> {
    return this.#tell({ kind: 'unlisten', fd })
  }

  /** Resolves when every worker knows of all that has been said until now. */
  async settled(): Promise<void> {
    await this.#known
  }

  close(): Promise<void> {
    clearInterval(this.#look)
    return this.#pool.close()
  }

  #employ(): void {
    if (this.#pool.size === 0) return
    const before = this.#crew.atWork
    const { busyMs } = this.#context.shared
    const atWork = this.#crew.look({ atMs: machineMs(), busyMs, idleMs: machineIdleMs })
    if (atWork !== before) this.#pool.employ(atWork)
  }

  #tell(order: WorkerOrder): Promise<void> {
    const told = this.#pool.tell(order)
    this.#known = Promise.all([this.#known, told])
    return told
  }

  #reported(report: Exclude<WorkerReport, { kind: 'done' }>): void {
    if (report.kind === 'notice') this.#context.notify(report.level, report.text)
    else this.#context.refused(report.count)
  }

  #sharesOf(edit: Edit): Shares {
    const service = this.#context.table().services.get(serviceId(keyOf(edit)))
    if (service === undefined) return {}
    if (!('destination' in edit)) return service.shares
    const { address, port } = edit.destination
    const destination = service.destinations.get(endpoint(address, port))
    return destination ? { slot: destination.slot } : {}
  }

  /** For a worker that begins now. */
  #everything(): WorkerOrder[] {
    const edits: Edit[] = []
    for (const { key, settings, destinations } of this.#context.table().services.values()) {
      if (key.protocol !== 'tcp') continue
      edits.push({ kind: 'addService', service: settings })
      for (const { settings: destination } of destinations.values())
        edits.push({ kind: 'addDestination', key, destination })
    }
    return [
      ...edits.map(edit => ({ kind: 'edit', edit, shares: this.#sharesOf(edit) }) as const),
      ...this.#context.listening().map(([service, fd]) => ({ kind: 'listen', service, fd }) as const),
    ]
  }
}

const keyOf = (edit: Edit) => ('service' in edit ? edit.service.key : edit.key)
