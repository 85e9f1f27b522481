/**
 * The listening socket of one service. An address that is taken (the peer's proxy on the same machine is still
 * dying) or not there yet (the address resource starts after ldirectord) is tried again as long as the service
 * exists; the service is in the table meanwhile, as in the kernel.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { endpoint } from '../../core/table.js'
import type { LiveService } from '../core/live-table.js'

export interface ListenerContext {
  readonly retryMs: number
  accept(client: Socket): void
  /** The address is waited for, and why; null: it is there now. */
  waiting(reason: string | null): void
}

export const BACKLOG = 4_096

export const TEMPORARY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use by another process',
  EADDRNOTAVAIL: 'this machine does not have the address yet',
}

export class ServiceListener {
  readonly #key: LiveService['key']
  readonly #context: ListenerContext
  #server: Server | null = null
  #retry: NodeJS.Timeout | null = null
  #isClosed = false
  #isWaiting = false

  constructor(key: LiveService['key'], context: ListenerContext) {
    this.#key = key
    this.#context = context
  }

  /** What it listens on; null while it waits for its address. */
  get socket(): Server | null {
    return this.#server
  }

  /**
   * Resolves after the first attempt: null when it listens or waits, else one sentence.
   * @param inherited a listening socket from another process
   */
  open(inherited?: Server | { readonly fd: number }): Promise<string | null> {
    return new Promise(resolve => {
      const { address, port, family } = this.#key
      const server = createServer({
        allowHalfOpen: true,
        pauseOnConnect: true,
        noDelay: true,
        highWaterMark: 65_536,
      })
      server.on('connection', client => this.#context.accept(client))
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = TEMPORARY[error.code ?? '']
        if (reason === undefined) {
          resolve(listenRefusal(error, this.#key))
          return
        }
        this.#waitForAddress(reason)
        resolve(null)
      })
      const listening = (): void => {
        if (this.#isClosed) server.close()
        else this.#server = server
        // What can go wrong from now on is one accept (no descriptors left); the listener goes on.
        server.on('error', () => {})
        if (this.#isWaiting) this.#context.waiting(null)
        this.#isWaiting = false
        resolve(null)
      }
      const place = { host: address, port, ipv6Only: family === 6, exclusive: true, backlog: BACKLOG }
      if (inherited) server.listen(inherited, BACKLOG, listening)
      else server.listen(place, listening)
    })
  }

  /** Stops listening; what was accepted goes on. */
  close(): void {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    this.#server?.close()
  }

  #waitForAddress(reason: string): void {
    if (this.#isClosed) return
    if (!this.#isWaiting) this.#context.waiting(reason)
    this.#isWaiting = true
    this.#retry = setTimeout(() => void this.open(), this.#context.retryMs)
  }
}

export function listenRefusal(
  error: Pick<NodeJS.ErrnoException, 'code' | 'message'>,
  { address, port }: LiveService['key'],
): string {
  return `cannot listen on ${endpoint(address, port)}: ${sentence(error, port)}`
}

function sentence(error: Pick<NodeJS.ErrnoException, 'code' | 'message'>, port: number): string {
  if (error.code !== 'EACCES') return error.message
  return port < 1024
    ? `permission denied; a port below 1024 needs root or the sysctl net.ipv4.ip_unprivileged_port_start <= ${port}`
    : 'permission denied'
}
