/**
 * The register socket: accepts clients and performs what api/clients.ts decides. Connections have a limit; when it is
 * reached, one that has not signed on makes room, so that nobody locks the others out by connecting alone.
 */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { isNativeFailure } from '../../base/io/native.js'
import { peerCredentials } from '../../base/io/peer-credentials.js'
import { nowMs } from '../../base/io/real-clock.js'
import { Rarely, withTimes } from '../../base/rarely.js'
import { TokenBucket } from '../../base/token-bucket.js'
import type { AuthorizationRule, Credentials } from '../api/authorization.js'
import { ApiClients, type ApiEffect, type ConnectionId } from '../api/clients.js'
import type { ClusterView } from '../api/cluster-view.js'
import type { Message } from '../wire/message.js'
import { ApiConnection } from './api-connection.js'

export const CONNECTIONS_MAX = 128
/** Messages for the whole cluster, of all clients together: a link lets 64 packets wait. */
const SUBMISSIONS = { burst: 32, perSecond: 100 } as const

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
function credentialsOfPid(pid: number): Credentials | null {
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
  readonly #connections = new Map<ConnectionId, ApiConnection>()
  readonly #submissions = new TokenBucket(SUBMISSIONS.burst, SUBMISSIONS.perSecond, nowMs())
  readonly #troubles = new Rarely()
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
    for (const connection of this.#connections.values()) connection.destroy()
    this.#connections.clear()
    rmSync(`${this.#options.folder}/register`, { force: true })
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {}) // followed by close
    if (this.#connections.size >= CONNECTIONS_MAX && !this.#makeRoom()) {
      this.#trouble(`client refused: ${CONNECTIONS_MAX} are signed on already`)
      socket.destroy()
      return
    }
    const id = ++this.#lastId
    this.clients.connect(id, { credentials: credentialsOf(socket), claimed: credentialsOfPid })
    const connection = new ApiConnection(socket, {
      onMessage: message => this.#receive(id, message),
      onTrouble: sentence => this.#trouble(sentence),
      onClosed: () => {
        this.#connections.delete(id)
        this.#perform(this.clients.disconnect(id, this.#options.view()))
      },
    })
    this.#connections.set(id, connection)
  }

  /** Closes the oldest connection that has not signed on. */
  #makeRoom(): boolean {
    for (const [id, connection] of this.#connections) {
      if (this.clients.isSignedOn(id)) continue
      this.#trouble(`client closed: ${CONNECTIONS_MAX} are connected, and it has not signed on`)
      this.#connections.delete(id)
      connection.destroy()
      return true
    }
    return false
  }

  /** How long its sender has to wait. */
  #receive(id: ConnectionId, message: Message): number {
    const effects = this.clients.receive(id, message, this.#options.view())
    if (this.clients.isSignedOn(id)) this.#connections.get(id)?.signedOn()
    this.#perform(effects)
    const submitted = effects.filter(({ kind }) => kind === 'submit').length
    return submitted === 0 ? 0 : this.#submissions.take(submitted, nowMs())
  }

  /** A client can cause it as often as it likes. */
  #trouble(sentence: string): void {
    const said = this.#troubles.note(sentence, nowMs())
    if (said !== null) this.#options.onLog('WARN', withTimes(sentence, said))
  }

  #perform(effects: readonly ApiEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'reply':
          this.#connections.get(effect.to)?.send(effect.message)
          break
        case 'close':
          this.#connections.get(effect.connection)?.leave()
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

  #signal(pid: number, signal: number): void {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended in this moment; its socket will say so.
    }
  }
}
