/**
 * The listening socket of a service whose connections the workers accept: one socket for all of them, made and closed
 * by the main thread. The kernel wakes one of the workers that wait; should one end, what waits in the queue is for the
 * others. An address that is taken or not there yet is waited for, as in {@link ServiceListener}.
 */
import { isNativeFailure } from '../../../base/io/native.js'
import type { TcpSockets } from '../../../base/io/tcp-calls.js'
import type { LiveService } from '../core/live-table.js'
import { BACKLOG, type ListenerContext, listenRefusal, TEMPORARY } from './service-listener.js'

export interface SharedListenerContext extends Omit<ListenerContext, 'accept'> {
  readonly sockets: TcpSockets
  /** Resolves when the workers know. */
  opened(fd: number): Promise<void>
  closed(fd: number): Promise<void>
}

export class SharedListener {
  readonly #key: LiveService['key']
  readonly #context: SharedListenerContext
  #fd: number | null = null
  #retry: NodeJS.Timeout | null = null
  #isClosed = false
  #isWaiting = false

  constructor(key: LiveService['key'], context: SharedListenerContext) {
    this.#key = key
    this.#context = context
  }

  /** null while it waits for its address. */
  get fd(): number | null {
    return this.#fd
  }

  /**
   * Resolves after the first attempt: null when it listens or waits, else one sentence.
   * @param inherited a listening socket from another process
   */
  async open(inherited?: number): Promise<string | null> {
    const { sockets, opened, waiting } = this.#context
    const { address, port } = this.#key
    const fd = inherited ?? sockets.listen({ address, port, backlog: BACKLOG })
    if (isNativeFailure(fd)) {
      const reason = TEMPORARY[fd.code]
      if (reason === undefined) return listenRefusal({ code: fd.code, message: fd.reason }, this.#key)
      this.#waitForAddress(reason)
      return null
    }
    this.#fd = fd
    if (this.#isWaiting) waiting(null)
    this.#isWaiting = false
    await opened(fd)
    return null
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#retry) clearTimeout(this.#retry)
    const fd = this.#fd
    if (fd === null) return
    this.#fd = null
    // A worker that still watched this number would take the next owner's news for those of the service.
    await this.#context.closed(fd)
    this.#context.sockets.close(fd)
  }

  #waitForAddress(reason: string): void {
    if (this.#isClosed) return
    if (!this.#isWaiting) this.#context.waiting(reason)
    this.#isWaiting = true
    this.#retry = setTimeout(() => void this.open(), this.#context.retryMs)
  }
}
