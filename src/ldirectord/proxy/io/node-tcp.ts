/**
 * A TCP service that the main thread itself carries, by Node's own sockets: where there are no workers, and where a
 * listening socket came from a process that had none.
 */
import type { Server, Socket } from 'node:net'
import { machineMs } from '../../../base/io/real-clock.js'
import type { Complaints } from '../core/complaints.js'
import { headerFor, requestsOf } from '../core/introduction.js'
import type { Client, LiveService, LiveTable } from '../core/live-table.js'
import { ProxiedConnection } from './proxied-connection.js'
import { type ListenerContext, ServiceListener } from './service-listener.js'
import type { ProxySettings } from './settings.js'

export interface NodeTcpContext extends Omit<ListenerContext, 'accept'> {
  readonly settings: ProxySettings
  readonly table: LiveTable
  readonly complaints: Complaints
  /** Takes one place among the connections of the proxy; false when there is none. */
  takePlace(): boolean
  freePlace(): void
}

export class NodeTcpService {
  readonly #live: LiveService
  readonly #context: NodeTcpContext
  readonly #listener: ServiceListener
  readonly #connections = new Set<ProxiedConnection>()

  constructor(live: LiveService, context: NodeTcpContext) {
    this.#live = live
    this.#context = context
    this.#listener = new ServiceListener(live.key, { ...context, accept: client => this.#accept(client) })
  }

  /** What it listens on; null while it waits for its address. */
  get socket(): Server | null {
    return this.#listener.socket
  }

  /** As {@link ServiceListener.open}. */
  open(inherited?: Server | { readonly fd: number }): Promise<string | null> {
    return this.#listener.open(inherited)
  }

  /** Stops listening; what was accepted goes on. */
  retire(): void {
    this.#listener.close()
  }

  close(): void {
    this.#listener.close()
    for (const connection of this.#connections) connection.reset()
  }

  closeIdle(now: number): void {
    for (const connection of this.#connections) connection.resetIfIdle(now)
  }

  #accept(client: Socket): void {
    const { remoteAddress, remotePort } = client
    if (remoteAddress === undefined || remotePort === undefined) {
      client.destroy() // it left between the accept and now
      return
    }
    const { settings, table, complaints, takePlace, freePlace } = this.#context
    if (!takePlace()) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const live = this.#live
    const caller = { address: remoteAddress, port: remotePort }
    const context = {
      settings,
      complaints,
      choose: (tried: Parameters<LiveTable['choose']>[3]) => table.choose(live, caller, machineMs(), tried),
      header: (to: { settings: Parameters<typeof headerFor>[0] }) =>
        headerFor(to.settings, caller, calledBy(client, live)),
      requests: requestsOf(live.settings, caller),
      ended: (ended: ProxiedConnection) => {
        freePlace()
        this.#connections.delete(ended)
      },
    }
    this.#connections.add(new ProxiedConnection(client, context, machineMs()))
  }
}

/** The address that a client called; a service may stand at all of them. */
const calledBy = ({ localAddress, localPort }: Socket, { key }: LiveService): Client => ({
  address: localAddress ?? key.address,
  port: localPort ?? key.port,
})
