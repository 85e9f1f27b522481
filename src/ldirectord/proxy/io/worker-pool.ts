/**
 * The main thread's side of the workers: at most as many as wanted, of whom so many accept as are at work; each is started
 * again when it ends by a fault, and what such a one held is closed with a reset and taken out of the numbers, while the
 * others go on.
 */
import { Worker } from 'node:worker_threads'
import { isNativeFailure } from '../../../base/io/native.js'
import { machineMs } from '../../../base/io/real-clock.js'
import type { TcpSockets } from '../../../base/io/tcp-calls.js'
import { PARTIES_MAX, type SharedState, WORKERS_MAX } from '../core/shared-state.js'
import type {
  NumberedOrder,
  WorkerOrder,
  WorkerReport,
  WorkerSettings,
  WorkerStart,
} from '../core/worker-orders.js'

/** One that ends again so soon is not started anew without a pause. */
const SHORT_LIFE_MS = 5_000
const PAUSE_MS = 1_000

export interface PoolContext {
  /** The file of the worker's program. */
  readonly program: string
  readonly sockets: TcpSockets
  readonly shared: SharedState
  readonly settings: WorkerSettings
  /** One that has not carried an order out after this time is ended, and started again. */
  readonly answerMs: number
  /** What a worker must be told that begins now. */
  orders(): readonly WorkerOrder[]
  reported(report: Exclude<WorkerReport, { kind: 'done' }>): void
}

interface Hand {
  readonly party: number
  readonly thread: Worker
  readonly bell: number
  readonly startedMs: number
  /** Orders that it has not confirmed, the oldest first. */
  readonly open: Map<number, { readonly confirm: () => void; readonly sinceMs: number }>
  isLeaving: boolean
  isToAccept: boolean
}

export class WorkerPool {
  readonly #context: PoolContext
  readonly #hands = new Map<number, Hand>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #look: NodeJS.Timeout | null = null
  #atWork = 0
  #lastNumber = 0
  #isClosed = false

  constructor(context: PoolContext) {
    this.#context = context
  }

  get size(): number {
    return this.#staying.length
  }

  /** One too many accepts no more and ends with its last connection. */
  limit(most: number): void {
    for (const hand of this.#staying.slice(Math.min(Math.max(1, most), WORKERS_MAX))) {
      hand.isLeaving = true
      void this.#tellOne(hand, { kind: 'drain' })
    }
  }

  /** So many accept from now on; further ones that were begun before rest, with their connections. */
  employ(atWork: number): void {
    this.#atWork = Math.min(Math.max(1, atWork), WORKERS_MAX)
    for (const [rank, hand] of this.#staying.entries()) {
      const isToAccept = rank < this.#atWork
      if (hand.isToAccept === isToAccept) continue
      hand.isToAccept = isToAccept
      void this.#tellOne(hand, { kind: 'work', isToAccept })
    }
    for (let missing = this.#atWork - this.size; missing > 0; missing--) this.#begin()
  }

  get #staying(): Hand[] {
    return [...this.#hands.values()].filter(({ isLeaving }) => !isLeaving)
  }

  /** Resolves when every worker has carried it out. */
  async tell(order: WorkerOrder): Promise<void> {
    await Promise.all([...this.#hands.values()].map(hand => this.#tellOne(hand, order)))
  }

  /** Resolves when every worker has reset its connections and ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#look) clearTimeout(this.#look)
    for (const timer of this.#restarts) clearTimeout(timer)
    const hands = [...this.#hands.values()]
    const ended = hands.map(({ thread }) => new Promise(resolve => thread.once('exit', resolve)))
    for (const hand of hands) {
      hand.isLeaving = true
      void this.#tellOne(hand, { kind: 'end' })
    }
    await Promise.all(ended)
  }

  #tellOne(hand: Hand, order: WorkerOrder): Promise<void> {
    return new Promise(resolve => {
      const message: NumberedOrder = { number: ++this.#lastNumber, order }
      hand.open.set(message.number, { confirm: resolve, sinceMs: machineMs() })
      hand.thread.postMessage(message)
      this.#context.sockets.ring(hand.bell)
      if (!this.#isClosed) this.#look ??= setTimeout(() => this.#lookForStuck(), this.#context.answerMs)
    })
  }

  #lookForStuck(): void {
    this.#look = null
    const { answerMs } = this.#context
    let next = Number.POSITIVE_INFINITY
    for (const { open, thread } of this.#hands.values()) {
      const [oldest] = open.values()
      if (oldest === undefined) continue
      const leftMs = oldest.sinceMs + answerMs - machineMs()
      if (leftMs <= 0) void thread.terminate()
      next = Math.min(next, leftMs <= 0 ? answerMs : leftMs)
    }
    if (next < Number.POSITIVE_INFINITY) this.#look = setTimeout(() => this.#lookForStuck(), next)
  }

  #begin(): void {
    const { program, sockets, shared, settings } = this.#context
    const party = [...Array(PARTIES_MAX).keys()].slice(1).find(free => !this.#hands.has(free))
    const bell = sockets.createBell()
    if (party === undefined || isNativeFailure(bell)) {
      this.#again() // those that drain leave their places in time
      return
    }
    const workerData: WorkerStart = { party, shared: shared.buffers, bell, settings }
    const thread = new Worker(program, { workerData })
    const hand: Hand = {
      party,
      thread,
      bell,
      startedMs: machineMs(),
      open: new Map(),
      isLeaving: false,
      isToAccept: true,
    }
    this.#hands.set(party, hand)
    thread.on('message', (report: WorkerReport) => this.#heard(hand, report))
    let reason = 'it ended'
    thread.on('error', error => {
      reason = error.message
    })
    thread.on('exit', () => this.#ended(hand, reason))
    for (const order of this.#context.orders()) void this.#tellOne(hand, order)
  }

  #heard(hand: Hand, report: WorkerReport): void {
    if (report.kind !== 'done') {
      this.#context.reported(report)
      return
    }
    hand.open.get(report.number)?.confirm()
    hand.open.delete(report.number)
  }

  #ended(hand: Hand, reason: string): void {
    const { sockets, shared } = this.#context
    this.#hands.delete(hand.party)
    sockets.close(hand.bell)
    for (const { confirm } of hand.open.values()) confirm() // nobody is left who could act on the old table
    for (
      let fd = shared.owners.indexOf(hand.party);
      fd >= 0;
      fd = shared.owners.indexOf(hand.party, fd + 1)
    ) {
      shared.owners[fd] = 0
      sockets.reset(fd)
    }
    shared.forget(hand.party)
    if (hand.isLeaving || this.#isClosed) return
    const text = `proxy: a worker ended, its connections are lost: ${reason}; starting it again`
    this.#context.reported({ kind: 'notice', level: 'ERROR', text })
    if (machineMs() - hand.startedMs < SHORT_LIFE_MS) this.#again()
    else this.employ(this.#atWork)
  }

  #again(): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      this.employ(this.#atWork)
    }, PAUSE_MS)
    this.#restarts.add(timer)
  }
}
