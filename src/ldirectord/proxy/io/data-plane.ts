/**
 * The forwarding itself: the live table, a listener for each service, the connections of each service. Edits come
 * in from the control socket; what is worth a log line goes out as a notice. TCP is carried by the workers where the
 * machine offers the calls that they need, else here, by Node's own sockets; UDP always here.
 */
import { Socket as UdpSocket } from 'node:dgram'
import { Server } from 'node:net'
import { machineMs } from '../../../base/io/real-clock.js'
import { type Edit, endpoint, serviceId } from '../../core/table.js'
import { Complaints } from '../core/complaints.js'
import type { Level } from '../core/control.js'
import { bindingsOf, heldIn, inheritTable } from '../core/estate.js'
import { LocalLedger } from '../core/ledger.js'
import { type LiveService, LiveTable } from '../core/live-table.js'
import { SharedState } from '../core/shared-state.js'
import type { Datagram, Estate, Held, SessionName } from '../core/succession.js'
import { Places } from './connection-places.js'
import { NodeTcpService } from './node-tcp.js'
import { Predecessors } from './predecessors.js'
import { openFilesMax, type ProxySettings } from './settings.js'
import { SharedListener } from './shared-listener.js'
import { TcpWorkers } from './tcp-workers.js'
import { UdpService } from './udp-service.js'

export type Notify = (level: Level, text: string) => void

/** What a service listens on: a descriptor where workers accept. */
export type ListeningSocket = Server | UdpSocket

/** The process that has the sockets from now on. */
export interface Successor {
  answer(datagram: Datagram): void
  sessionEnded(session: SessionName): void
}

interface RunningService {
  readonly live: LiveService
  readonly listener: NodeTcpService | SharedListener | UdpService
}

/** How often connections are looked at for idleness, at most. */
const SWEEP_MS_MAX = 30_000
/** Some containers allow a thousand million, which nobody opens. */
const DESCRIPTORS_MAX = 4_194_304
const NONE_TRIED: ReadonlySet<never> = new Set()

export class DataPlane {
  readonly table: LiveTable
  /** null: TCP is forwarded by this thread. */
  readonly #workers: TcpWorkers | null
  readonly #settings: ProxySettings
  readonly #notify: Notify
  readonly #running = new Map<string, RunningService>()
  readonly #sweep: NodeJS.Timeout
  /** Processes that forwarded here before and still serve their connections. */
  readonly predecessors: Predecessors
  #isRetired = false
  readonly #complaints = new Complaints(text => this.#notify('WARN', text))
  readonly #places: Places
  #saidMasq = false

  constructor(settings: ProxySettings, notify: Notify) {
    this.#settings = settings
    this.#notify = notify
    const shared = SharedState.create(Math.min(openFilesMax(), DESCRIPTORS_MAX))
    this.#places = new Places(shared, settings.connectionsMax, this.#complaints)
    this.#workers = TcpWorkers.open({
      settings,
      shared,
      table: () => this.table,
      listening: () => this.descriptors(),
      notify,
      refused: count => this.#places.refused(count),
    })
    this.table = new LiveTable(this.#workers?.ledger ?? new LocalLedger())
    this.predecessors = new Predecessors({
      table: this.table,
      notify,
      answer: ({ service, data, ...client }) => {
        const listener = this.#running.get(service)?.listener
        if (listener instanceof UdpService) listener.answerFor(client, Buffer.from(data, 'base64'))
      },
    })
    const shortestMs = Math.min(settings.idleTimeoutMs, settings.udpIdleTimeoutMs, settings.onePacketAnswerMs)
    this.#sweep = setInterval(() => this.#lookForIdle(), Math.min(SWEEP_MS_MAX, shortestMs / 4))
  }

  /** How many threads may forward TCP from now on; null: as the settings say. Gives how many may. */
  setWorkers(count: number | null): number {
    if (!this.#workers) return 0
    this.#workers.limit(count ?? this.#settings.workers)
    return count ?? this.#settings.workers
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
    await this.#workers?.settled()
    return errors
  }

  async #applyOne(edit: Edit): Promise<string | null> {
    const error = this.table.apply(edit)
    if (error !== null) return error
    switch (edit.kind) {
      case 'addService':
        this.#workers?.edited(edit)
        return this.#isRetired ? null : this.#open(serviceId(edit.service.key))
      case 'deleteService':
        await this.#close(serviceId(edit.key))
        this.#workers?.edited(edit)
        return null
      case 'addDestination':
      case 'editDestination':
        this.#sayMasq(edit.destination.method)
        break
      default:
    }
    this.#workers?.edited(edit)
    return null
  }

  /** Connections and UDP sessions of this process. */
  get connections(): number {
    return this.#places.taken
  }

  /** What another process must know to go on here, besides the sockets. */
  estate(): Estate {
    const bindings = bindingsOf(this.table, machineMs())
    const serving = this.predecessors.heirlooms()
    const own = { pid: process.pid, held: this.held(), sessions: this.sessions() }
    return { table: this.table.table(), bindings, serving: [...serving, own] }
  }

  /** The table of another process; services whose sockets come from it open with inherit(), the others with openRest(). */
  take(estate: Estate): void {
    inheritTable(this.table, estate, machineMs())
    for (const heirloom of estate.serving) this.predecessors.expect(heirloom)
  }

  async inherit(id: string, socket: ListeningSocket): Promise<void> {
    if (this.table.services.has(id)) await this.#open(id, socket)
    else socket.close()
  }

  /** A descriptor that this process was born with. */
  async inheritDescriptor(id: string, fd: number): Promise<void> {
    if (this.table.services.has(id)) await this.#open(id, this.#workers?.adopt(fd) ?? fd)
  }

  async openRest(): Promise<void> {
    for (const id of this.table.services.keys()) if (!this.#running.has(id)) await this.#open(id)
  }

  /** What it listens on, by service: what is given to another process as a handle. */
  handles(): [string, ListeningSocket][] {
    return [...this.#running].flatMap(([id, { listener }]) =>
      listener instanceof SharedListener || !listener.socket ? [] : [[id, listener.socket]],
    )
  }

  /** What it listens on, by service: what a child is born with. */
  descriptors(): [string, number][] {
    return [...this.#running].flatMap(([id, { listener }]) =>
      listener instanceof SharedListener && listener.fd !== null ? [[id, listener.fd]] : [],
    )
  }

  /** Another process has taken over: only what is open goes on here. */
  retire(successor: Successor): void {
    this.#isRetired = true
    for (const [service, { listener }] of this.#running) {
      if (listener instanceof SharedListener) void listener.close()
      else if (listener instanceof NodeTcpService) listener.retire()
      else {
        listener.retire({
          answer: (client, data) => successor.answer({ service, ...client, data: data.toString('base64') }),
          ended: client => successor.sessionEnded({ service, ...client }),
        })
      }
    }
  }

  /** A datagram of a session of ours that came to the process that took over. */
  heardElsewhere({ service, data, ...client }: Datagram): void {
    const listener = this.#running.get(service)?.listener
    if (listener instanceof UdpService) listener.heard(client, Buffer.from(data, 'base64'))
  }

  sessions(): SessionName[] {
    return [...this.#running].flatMap(([service, { listener }]) =>
      listener instanceof UdpService ? listener.clients.map(client => ({ service, ...client })) : [],
    )
  }

  /** The connections of this process alone, wherever there are any. */
  held(): Held[] {
    return heldIn(this.table)
  }

  /** Resolves when every connection is reset. */
  async closeAll(): Promise<void> {
    clearInterval(this.#sweep)
    for (const id of [...this.#running.keys()]) void this.#close(id)
    await this.#workers?.close()
  }

  async #open(id: string, inherited?: ListeningSocket | number): Promise<string | null> {
    const live = this.table.services.get(id)!
    const opened = (): Promise<string | null> => {
      const run = <T extends RunningService['listener']>(listener: T): T => {
        this.#running.set(id, { live, listener })
        return listener
      }
      if (live.key.protocol === 'udp')
        return run(this.#udpService(live)).open(inherited instanceof UdpSocket ? inherited : undefined)
      if (inherited instanceof UdpSocket) inherited.close()
      const socket = inherited instanceof UdpSocket ? undefined : inherited
      // A handle comes from a process without workers; only Node can take it.
      return this.#workers && !(socket instanceof Server)
        ? run(this.#sharedListener(live, this.#workers)).open(socket)
        : run(this.#nodeTcp(live)).open(typeof socket === 'number' ? { fd: socket } : socket)
    }
    const error = await opened()
    if (error !== null) {
      await this.#close(id)
      this.table.apply({ kind: 'deleteService', key: live.key })
      this.#workers?.edited({ kind: 'deleteService', key: live.key })
    }
    return error
  }

  #waiting({ key }: LiveService) {
    const place = endpoint(key.address, key.port)
    return {
      retryMs: this.#settings.listenRetryMs,
      waiting: (reason: string | null) =>
        reason === null
          ? this.#notify('info', `proxy: listening on ${place} now`)
          : this.#notify('WARN', `proxy: waiting for the address ${place}: ${reason}`),
    }
  }

  #udpService(live: LiveService): UdpService {
    return new UdpService(live, {
      ...this.#waiting(live),
      settings: this.#settings,
      choose: (client, now) => this.table.choose(live, client, now, NONE_TRIED),
      passOn: (client, datagram) => this.predecessors.passOn(live.id, client, datagram),
      takePlace: () => this.#places.take(),
      freePlace: () => this.#places.free(),
    })
  }

  #nodeTcp(live: LiveService): NodeTcpService {
    return new NodeTcpService(live, {
      ...this.#waiting(live),
      settings: this.#settings,
      table: this.table,
      complaints: this.#complaints,
      takePlace: () => this.#places.take(),
      freePlace: () => this.#places.free(),
    })
  }

  #sharedListener(live: LiveService, workers: TcpWorkers): SharedListener {
    return new SharedListener(live.key, {
      ...this.#waiting(live),
      sockets: workers.sockets,
      opened: fd => workers.listen(live.id, fd),
      closed: fd => workers.unlisten(fd),
    })
  }

  async #close(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    await running.listener.close()
  }

  #lookForIdle(): void {
    const now = machineMs()
    this.#workers?.ledger.reclaim()
    for (const { live, listener } of this.#running.values()) {
      if (!(listener instanceof SharedListener)) listener.closeIdle(now)
      live.persistence.forgetExpired(now)
    }
  }

  #sayMasq(method: string): void {
    if (method === 'masq' || this.#saidMasq) return
    this.#saidMasq = true
    this.#notify('info', `proxy: forwards all real servers as masq, also those written as ${method}`)
  }
}
