/**
 * The register socket: accepts clients, moves bytes, performs what api/clients.ts decides. Everything has a limit:
 * connections, unread answers of a client that does not read, the size of a frame.
 */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { isNativeFailure, peerCredentials } from '../../base/io/native.js'
import type { AuthorizationRule, Credentials } from '../api/authorization.js'
import { ApiClients, type ApiEffect, type ConnectionId } from '../api/clients.js'
import type { ClusterView } from '../api/cluster-view.js'
import { encodeFrame, FrameStream } from '../api/frame.js'
import { isRefusal, type Message } from '../wire/message.js'

const CONNECTIONS_MAX = 128
const UNREAD_BYTES_MAX = 1_048_576

export interface ApiSocketOptions {
  /** Folder of the socket: it decides who may connect. */
  readonly folder: string
  /** Group that may use the folder, where there is one (haclient). */
  readonly owner: { readonly uid: number; readonly gid: number } | null
  readonly rules: ReadonlyMap<string, AuthorizationRule>
  readonly view: () => ClusterView
  readonly onSubmit: (message: Message) => void
  readonly onLog: (level: 'info' | 'WARN', text: string) => void
}

/** Effective ids of a process, from /proc. */
export function credentialsOfPid(pid: number): Credentials | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const effective = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(status)?.[1] ?? -1)
    return { pid, uid: effective('Uid'), gid: effective('Gid') }
  } catch {
    return null // no such process
  }
}

/** null where the native module is missing or refuses: then /proc of the claimed pid decides. */
function credentialsOf(socket: Socket): Credentials | null {
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd
  if (fd === undefined || fd < 0) return null
  const found = peerCredentials(fd)
  return isNativeFailure(found) ? null : found
}

export class ApiSocket {
  readonly clients: ApiClients
  readonly #options: ApiSocketOptions
  readonly #server: Server
  readonly #sockets = new Map<ConnectionId, Socket>()
  #lastId: ConnectionId = 0

  private constructor(options: ApiSocketOptions) {
    this.#options = options
    this.clients = new ApiClients(options.rules)
    this.#server = createServer(socket => this.#accept(socket))
  }

  /** Rejects with the reason when the socket cannot be made. */
  static async open(options: ApiSocketOptions): Promise<ApiSocket> {
    const { folder, owner } = options
    mkdirSync(folder, { recursive: true, mode: 0o750 })
    if (owner !== null && statSync(folder).gid !== owner.gid) chownSync(folder, owner.uid, owner.gid)
    const path = `${folder}/register`
    rmSync(path, { force: true })
    const api = new ApiSocket(options)
    await new Promise<void>((resolve, reject) => {
      api.#server.once('error', reject)
      api.#server.listen({ path, backlog: CONNECTIONS_MAX }, resolve)
    })
    api.#server.on('error', error => options.onLog('WARN', `client socket: ${error.message}`))
    chmodSync(path, 0o777)
    return api
  }

  /** Shows a message of the cluster to the clients that want it. */
  deliver(message: Message): void {
    this.#perform(this.clients.deliver(message))
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets.values()) socket.destroy()
    this.#sockets.clear()
    rmSync(`${this.#options.folder}/register`, { force: true })
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {}) // followed by close
    if (this.#sockets.size >= CONNECTIONS_MAX) {
      this.#options.onLog('WARN', `client refused: ${CONNECTIONS_MAX} are connected already`)
      socket.destroy()
      return
    }
    const id = ++this.#lastId
    const frames = new FrameStream()
    this.#sockets.set(id, socket)
    this.clients.connect(id, { credentials: credentialsOf(socket), claimed: credentialsOfPid })
    socket.on('data', chunk => {
      const { messages, broken } = frames.push(chunk)
      for (const message of messages) {
        if (!isRefusal(message)) this.#perform(this.clients.receive(id, message, this.#options.view()))
      }
      if (broken === null) return
      this.#options.onLog('WARN', `client closed: it sent ${broken}`)
      socket.destroy()
    })
    socket.on('close', () => {
      this.#sockets.delete(id)
      this.#perform(this.clients.disconnect(id, this.#options.view()))
    })
  }

  #perform(effects: readonly ApiEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'reply':
          this.#reply(effect.to, effect.message)
          break
        case 'close':
          this.#sockets.get(effect.connection)?.end()
          break
        case 'submit':
          this.#options.onSubmit(effect.message)
          break
        case 'signal':
          this.#signal(effect.pid, effect.signal)
          break
        case 'log':
          this.#options.onLog(effect.level, effect.text)
          break
      }
    }
  }

  #reply(to: ConnectionId, message: Message): void {
    const socket = this.#sockets.get(to)
    if (!socket) return
    if (socket.writableLength > UNREAD_BYTES_MAX) {
      this.#options.onLog('WARN', 'client closed: it does not read its messages')
      socket.destroy()
    } else socket.write(encodeFrame(message))
  }

  #signal(pid: number, signal: number): void {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended in this moment; its socket will say so.
    }
  }
}
