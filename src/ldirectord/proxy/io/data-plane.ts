/**
 * The forwarding itself: the live table, a listener for each service, the connections of each service. Edits come
 * in from the control socket; what is worth a log line goes out as a notice.
 */
import { Socket as UdpSocket } from 'node:dgram'
import type { Server, Socket } from 'node:net'
import { nowMs } from '../../../base/io/real-clock.js'
import { type Edit, endpoint, serviceId } from '../../core/table.js'
import type { Level } from '../core/control.js'
import { type LiveService, LiveTable } from '../core/live-table.js'
import type { Datagram, Estate, Held, SessionName } from '../core/succession.js'
import { introduce } from './introduction.js'
import { Predecessors } from './predecessors.js'
import { ProxiedConnection } from './proxied-connection.js'
import { ServiceListener } from './service-listener.js'
import type { ProxySettings } from './settings.js'
import { UdpService } from './udp-service.js'

export type Notify = (level: Level, text: string) => void

/** What a service listens on. */
export type ListeningSocket = Server | UdpSocket

/** The process that has the sockets from now on. */
export interface Successor {
  answer(datagram: Datagram): void
  sessionEnded(session: SessionName): void
}

interface RunningService {
  readonly live: LiveService
  readonly listener: ServiceListener | UdpService
  readonly connections: Set<ProxiedConnection>
}

/** How often connections are looked at for idleness, at most. */
const SWEEP_MS_MAX = 30_000
/** A limit that is reached is said once in this time. */
const LIMIT_NOTICE_MS = 60_000
const NONE_TRIED: ReadonlySet<never> = new Set()

export class DataPlane {
  readonly table = new LiveTable()
  readonly #settings: ProxySettings
  readonly #notify: Notify
  readonly #running = new Map<string, RunningService>()
  readonly #sweep: NodeJS.Timeout
  /** Processes that forwarded here before and still serve their connections. */
  readonly predecessors: Predecessors
  #isRetired = false
  #connections = 0
  #refusedAtLimit = 0
  #limitSaidMs = Number.NEGATIVE_INFINITY
  #saidMasq = false

  constructor(settings: ProxySettings, notify: Notify) {
    this.#settings = settings
    this.#notify = notify
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

  /** null when applied, else one sentence. */
  async apply(edit: Edit): Promise<string | null> {
    const error = this.table.apply(edit)
    if (error !== null) return error
    switch (edit.kind) {
      case 'addService':
        return this.#isRetired ? null : this.#open(serviceId(edit.service.key))
      case 'deleteService':
        this.#close(serviceId(edit.key))
        return null
      case 'addDestination':
      case 'editDestination':
        this.#sayMasq(edit.destination.method)
        return null
      default:
        return null
    }
  }

  /** Connections and UDP sessions of this process. */
  get connections(): number {
    return this.#connections
  }

  /** What another process must know to go on here, besides the sockets. */
  estate(): Estate {
    const now = nowMs()
    const bindings = [...this.table.services.values()].map(({ id, persistence }) => ({
      service: id,
      clients: persistence.bindings(now),
    }))
    const serving = this.predecessors.heirlooms()
    const own = { pid: process.pid, held: this.held(), sessions: this.sessions() }
    return { table: this.table.table(), bindings, serving: [...serving, own] }
  }

  /** The table of another process; services whose sockets come from it open with inherit(), the others with openRest(). */
  take({ table, bindings, serving }: Estate): void {
    for (const service of table.services) {
      this.table.apply({ kind: 'addService', service })
      for (const destination of service.destinations) {
        this.table.apply({ kind: 'addDestination', key: service.key, destination })
      }
    }
    const now = nowMs()
    for (const { service: id, clients } of bindings) {
      const service = this.table.services.get(id)
      for (const binding of clients) {
        const destination = service?.destinations.get(binding.destination)
        if (destination) service?.persistence.inherit(binding, destination, now)
      }
    }
    for (const heirloom of serving) this.predecessors.expect(heirloom)
  }

  async inherit(id: string, socket: ListeningSocket): Promise<void> {
    if (this.table.services.has(id)) await this.#open(id, socket)
    else socket.close()
  }

  async openRest(): Promise<void> {
    for (const id of this.table.services.keys()) if (!this.#running.has(id)) await this.#open(id)
  }

  /** What it listens on, by service. */
  listeningSockets(): [string, ListeningSocket][] {
    return [...this.#running].flatMap(
      ([
        id,
        {
          listener: { socket },
        },
      ]) => (socket ? [[id, socket]] : []),
    )
  }

  /** Another process has taken over: only what is open goes on here. */
  retire(successor: Successor): void {
    this.#isRetired = true
    for (const [service, { listener }] of this.#running) {
      if (listener instanceof ServiceListener) listener.close()
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
    return [...this.table.services.values()].flatMap(({ id: service, destinations, leaving }) =>
      [...destinations.values(), ...leaving.values()].flatMap(({ id: destination, own }) =>
        own.active + own.inactive > 0 ? [{ service, destination, ...own }] : [],
      ),
    )
  }

  closeAll(): void {
    clearInterval(this.#sweep)
    for (const id of [...this.#running.keys()]) this.#close(id)
  }

  async #open(id: string, inherited?: ListeningSocket): Promise<string | null> {
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
            passOn: (client, datagram) => this.predecessors.passOn(id, client, datagram),
            takePlace: () => this.#takePlace(),
            freePlace: () => {
              this.#connections--
            },
          })
        : new ServiceListener(live.key, {
            ...context,
            accept: client => this.#accept(client, live, connections),
          })
    this.#running.set(id, { live, listener, connections })
    const error = await (listener instanceof UdpService
      ? listener.open(inherited instanceof UdpSocket ? inherited : undefined)
      : listener.open(inherited instanceof UdpSocket ? undefined : inherited))
    if (error !== null) {
      this.#close(id)
      this.table.services.delete(id)
    }
    return error
  }

  #close(id: string): void {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    running.listener.close()
    for (const connection of running.connections) connection.reset()
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
        choose: tried => this.table.choose(live, caller, nowMs(), tried),
        introduction: introduce(live.settings, client),
        ended: ended => {
          this.#connections--
          connections.delete(ended)
        },
      },
      nowMs(),
    )
    connections.add(connection)
  }

  #takePlace(): boolean {
    if (this.#connections >= this.#settings.connectionsMax) {
      this.#sayLimit()
      return false
    }
    this.#connections++
    return true
  }

  #lookForIdle(): void {
    const now = nowMs()
    for (const { live, listener, connections } of this.#running.values()) {
      if (listener instanceof UdpService) listener.closeIdle(now)
      live.persistence.forgetExpired(now)
      for (const connection of connections) connection.resetIfIdle(now)
    }
  }

  #sayLimit(): void {
    this.#refusedAtLimit++
    const now = nowMs()
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
