/**
 * The control socket: shows the state record and each decision to the daemon's own user and root, and takes their wish
 * for a restart that keeps the resources; who connects cannot change anything else. Everything has a limit: connections, how often, how long an asker may think, and
 * what a watcher leaves unread.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { nowMs } from '../../base/io/real-clock.js'
import { TokenBucket } from '../../base/token-bucket.js'
import { CONTROL_RATE, controlPath, parseControlRequest } from '../api/control.js'
import { type DecisionRecord, decisionRecord, type StateRecord, stateRecord } from '../api/state-print.js'
import type { ClusterStatus, Decision } from '../core/cluster.js'

const CONNECTIONS_MAX = 32
const ASKS_WITHIN_MS = 5_000
const UNREAD_BYTES_MAX = 262_144

export class ControlSocket {
  readonly #path: string
  readonly #status: () => ClusterStatus
  readonly #onRestart: () => void
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #watchers = new Set<Socket>()
  readonly #rate = new TokenBucket(CONTROL_RATE.burst, CONTROL_RATE.perSecond, nowMs())

  private constructor(path: string, status: () => ClusterStatus, onRestart: () => void) {
    this.#path = path
    this.#onRestart = onRestart
    this.#status = status
    this.#server = createServer(socket => this.#accept(socket))
  }

  /** Rejects with the reason when the socket cannot be made. */
  static async open(
    varRun: string,
    status: () => ClusterStatus,
    onRestart: () => void,
  ): Promise<ControlSocket> {
    const path = controlPath(varRun)
    mkdirSync(`${varRun}/heartbeat`, { recursive: true, mode: 0o750 })
    rmSync(path, { force: true })
    const control = new ControlSocket(path, status, onRestart)
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject)
      // The file is made within listen: nobody else may connect from its first moment on.
      const mask = process.umask(0o177)
      try {
        control.#server.listen({ path, backlog: CONNECTIONS_MAX }, resolve)
      } finally {
        process.umask(mask)
      }
    })
    control.#server.on('error', () => {}) // a connection that could not be accepted: its client sees it
    chmodSync(path, 0o600)
    return control
  }

  decided(decision: Decision): void {
    if (this.#watchers.size === 0) return
    const record = decisionRecord(decision, wallOf)
    for (const watcher of this.#watchers) this.#tell(watcher, record)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    rmSync(this.#path, { force: true })
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {}) // followed by close
    if (this.#sockets.size >= CONNECTIONS_MAX || !this.#rate.allows(nowMs())) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#watchers.delete(socket)
    })
    socket.setTimeout(ASKS_WITHIN_MS, () => socket.destroy())
    let received = ''
    socket.on('data', chunk => {
      if (this.#watchers.has(socket)) return
      received += chunk.toString('latin1')
      const request = parseControlRequest(received)
      if (request === null) return
      socket.removeAllListeners('data')
      if (request === undefined) socket.destroy()
      else {
        this.#answer(socket, request === 'watch')
        if (request === 'restart') this.#onRestart()
      }
    })
  }

  #answer(socket: Socket, isWatching: boolean): void {
    this.#tell(socket, stateRecord(this.#status(), wallOf))
    if (!isWatching) {
      socket.end()
      return
    }
    socket.setTimeout(0)
    // What a watcher still sends is thrown away unread.
    socket.resume()
    this.#watchers.add(socket)
  }

  #tell(socket: Socket, record: StateRecord | DecisionRecord): void {
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy()
    else socket.write(`${JSON.stringify(record)}\n`)
  }
}

const wallOf = (atMs: number): number => Date.now() - (nowMs() - atMs)
