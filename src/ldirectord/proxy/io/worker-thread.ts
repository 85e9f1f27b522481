/**
 * A worker: a thread that accepts from the listening sockets of all services and forwards what it accepts. It never
 * returns to Node's event loop while it lives: it waits in epoll, where a bell tells it that the main thread has orders.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { assert, unreachable } from '../../../base/assert.js'
import { isNativeFailure } from '../../../base/io/native.js'
import { machineMs } from '../../../base/io/real-clock.js'
import { EPOLLIN, type Poller, type TcpSockets, tcpSockets } from '../../../base/io/tcp-calls.js'
import { serviceId } from '../../core/table.js'
import { Complaints } from '../core/complaints.js'
import { SharedLedger } from '../core/ledger.js'
import { type LiveService, LiveTable } from '../core/live-table.js'
import { SharedState } from '../core/shared-state.js'
import type { NumberedOrder, WorkerOrder, WorkerReport, WorkerStart } from '../core/worker-orders.js'
import { RawForwarder } from './raw-forwarder.js'

const EVENTS_MAX = 512
/** The process ends only when its threads have woken up. */
const WAIT_MS_MAX = 1_000
const SWEEP_MS_MAX = 30_000
/** How long a listening socket is let alone when there are no descriptors. */
const REST_MS = 100

/** Ends with the worker. */
export function runWorker(): void {
  const start = workerData as WorkerStart
  const sockets = tcpSockets()
  assert(!isNativeFailure(sockets), 'workers are started only where the calls can be made')
  const poller = sockets.createPoller(EVENTS_MAX)
  if (isNativeFailure(poller)) throw new Error(poller.reason)
  new Worker(start, sockets, poller).run()
}

class Worker {
  readonly #start: WorkerStart
  readonly #sockets: TcpSockets
  readonly #poller: Poller
  readonly #shared: SharedState
  readonly #table: LiveTable
  readonly #forwarder: RawForwarder
  readonly #listeners = new Map<number, LiveService>()
  /** Listening sockets that are let alone, and until when. */
  readonly #resting = new Map<number, number>()
  readonly #sweepMs: number
  readonly #complaints = new Complaints(text => this.#report({ kind: 'notice', level: 'WARN', text }))
  #sweptMs = 0
  #refused = 0
  #isToAccept = true
  #isDraining = false
  #isOver = false
  #nowMs = machineMs()

  constructor(start: WorkerStart, sockets: TcpSockets, poller: Poller) {
    this.#start = start
    this.#sockets = sockets
    this.#poller = poller
    this.#shared = new SharedState(start.shared, start.party)
    this.#shared.owners[poller.fd] = start.party
    this.#table = new LiveTable(new SharedLedger(this.#shared))
    this.#sweepMs = Math.min(SWEEP_MS_MAX, start.settings.idleTimeoutMs / 4)
    this.#forwarder = new RawForwarder({
      sockets,
      poller,
      shared: this.#shared,
      table: this.#table,
      settings: start.settings,
      refused: () => {
        this.#refused++
      },
      exhausted: listener => this.#rest(listener),
      portsExhausted: destination => this.#complaints.portsExhausted(destination, this.#nowMs),
      neverAnswered: destination =>
        this.#complaints.neverAnswered(destination, start.settings.idleTimeoutMs, this.#nowMs),
    })
  }

  run(): void {
    this.#poller.watch(this.#start.bell, EPOLLIN, 0)
    this.#obey()
    while (!this.#isOver) this.#turn()
    this.#forwarder.resetAll()
    this.#shared.owners[this.#poller.fd] = 0
    this.#poller.close()
    // The port is what keeps a thread alive.
    parentPort?.close()
  }

  #turn(): void {
    const count = this.#poller.wait(this.#waitMs())
    this.#nowMs = machineMs()
    this.#forwarder.setTime(this.#nowMs)
    for (let at = 0; at < count; at++) {
      const fd = this.#poller.fdOf(at)
      try {
        this.#heard(fd, this.#poller.serialOf(at), this.#poller.eventsOf(at), count)
      } catch (error) {
        // A fault of ours costs the one connection that met it.
        this.#report({ kind: 'notice', level: 'ERROR', text: `proxy: ${(error as Error).stack}` })
        this.#forwarder.resetOf(fd)
      }
    }
    this.#forwarder.goOn()
    this.#forwarder.giveUpLate()
    this.#lookAround()
    this.#shared.wasBusy(machineMs() - this.#nowMs)
  }

  #heard(fd: number, serial: number, events: number, newsInAll: number): void {
    if (serial !== 0) this.#forwarder.heard(fd, serial, events)
    else if (fd === this.#start.bell) this.#obey()
    else {
      const service = this.#listeners.get(fd)
      // The poller tells again of those that are left. With little other news one more look would mostly find nobody.
      if (service) this.#forwarder.accept(fd, service, newsInAll)
    }
  }

  #waitMs(): number {
    if (this.#forwarder.hasUnfinished) return 0
    let next = this.#nowMs + WAIT_MS_MAX
    const { deadlineMs } = this.#forwarder
    if (deadlineMs !== null && deadlineMs < next) next = deadlineMs
    if (this.#resting.size > 0) next = Math.min(next, ...this.#resting.values())
    return Math.max(0, Math.ceil(next - this.#nowMs))
  }

  #obey(): void {
    this.#sockets.silence(this.#start.bell)
    assert(parentPort, 'a worker has a main thread')
    for (let got = receiveMessageOnPort(parentPort); got; got = receiveMessageOnPort(parentPort)) {
      const { number, order } = got.message as NumberedOrder
      this.#carryOut(order)
      this.#report({ kind: 'done', number })
    }
  }

  #carryOut(order: WorkerOrder): void {
    switch (order.kind) {
      case 'edit': {
        const { edit, shares } = order
        const service = edit.kind === 'deleteService' && this.#table.services.get(serviceId(edit.key))
        this.#table.apply(edit, shares) // the main thread's table has judged it
        if (service) this.#forwarder.resetAll(service)
        return
      }
      case 'listen': {
        const service = this.#table.services.get(order.service)
        if (!service || this.#isDraining) return
        this.#listeners.set(order.fd, service)
        if (this.#isToAccept) this.#forwarder.listen(order.fd)
        return
      }
      case 'unlisten':
        this.#unlisten(order.fd)
        return
      case 'work':
        if (this.#isToAccept === order.isToAccept) return
        this.#isToAccept = order.isToAccept
        for (const [fd, service] of this.#listeners) {
          if (order.isToAccept) this.#forwarder.listen(fd)
          else this.#turnFrom(fd, service)
        }
        return
      case 'drain':
        this.#isDraining = true
        for (const fd of [...this.#listeners.keys()]) this.#unlisten(fd)
        return
      case 'end':
        this.#isOver = true
        return
      default:
        unreachable(order)
    }
  }

  #unlisten(fd: number): void {
    const service = this.#listeners.get(fd)
    if (service && this.#isToAccept) this.#turnFrom(fd, service)
    this.#listeners.delete(fd)
  }

  #turnFrom(fd: number, service: LiveService): void {
    if (this.#resting.delete(fd)) return
    this.#poller.forget(fd)
    // What the kernel has told nobody but this worker would wait until somebody else calls.
    this.#forwarder.accept(fd, service)
    this.#resting.delete(fd)
  }

  #rest(listener: number): void {
    this.#poller.forget(listener)
    this.#resting.set(listener, this.#nowMs + REST_MS)
    const text = 'proxy: no descriptors or memory are left for new connections; they wait'
    this.#complaints.say('descriptors', text, this.#nowMs)
  }

  /** What is done now and then. */
  #lookAround(): void {
    const now = this.#nowMs
    for (const [fd, untilMs] of this.#resting) {
      if (untilMs > now) continue
      this.#resting.delete(fd)
      this.#forwarder.listen(fd)
    }
    if (this.#refused > 0) this.#report({ kind: 'refused', count: this.#refused })
    this.#refused = 0
    if (now - this.#sweptMs >= this.#sweepMs) {
      this.#sweptMs = now
      this.#forwarder.resetIdle()
    }
    if (this.#isDraining && this.#shared.placesOf(this.#shared.party) === 0) this.#isOver = true
  }

  #report(report: WorkerReport): void {
    parentPort?.postMessage(report)
  }
}
