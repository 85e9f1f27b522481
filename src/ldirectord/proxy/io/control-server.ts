/**
 * The control socket: a unix socket for its owner only. Requests of one connection are answered in order; notices
 * go to whoever is connected, or wait (a bounded number of them) for the next one.
 */
import { chmodSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { BoundedQueue } from '../../../base/bounded-queue.js'
import {
  type DecodedRequest,
  decodeRequest,
  encodeLine,
  type Level,
  LineSplitter,
  REQUEST_BYTES_MAX,
  type Response,
} from '../core/control.js'
import type { DataPlane } from './data-plane.js'

const NOTICES_MAX = 100
const CONTROLLERS_MAX = 16

export class ControlServer {
  readonly #path: string
  readonly #plane: () => DataPlane
  readonly #server: Server
  readonly #controllers = new Set<Socket>()
  readonly #notices = new BoundedQueue<Response>(NOTICES_MAX)
  /** Called when the last controller has left and after each request. */
  onQuiet: () => void = () => {}
  #inode = 0

  constructor(path: string, plane: () => DataPlane) {
    this.#path = path
    this.#plane = plane
    this.#server = createServer(socket => this.#welcome(socket))
    this.#server.maxConnections = CONTROLLERS_MAX
  }

  get hasController(): boolean {
    return this.#controllers.size > 0
  }

  /** Listens beside the final name and moves there, so that nobody ever sees a socket that does not answer. */
  listen(): Promise<void> {
    const beside = `${this.#path}.${process.pid}`
    const umask = process.umask(0o177)
    return new Promise((resolve, reject) => {
      this.#server.once('error', error => {
        process.umask(umask)
        reject(error)
      })
      this.#server.listen(beside, () => {
        process.umask(umask)
        chmodSync(beside, 0o600)
        this.#inode = statSync(beside).ino
        renameSync(beside, this.#path)
        resolve()
      })
    })
  }

  notify(level: Level, text: string): void {
    const notice: Response = { notice: text, level }
    if (!this.hasController) {
      this.#notices.push(notice)
      return
    }
    for (const controller of this.#controllers) controller.write(encodeLine(notice))
  }

  /** Leaves the name alone when another process has taken it over. */
  close(): void {
    for (const controller of this.#controllers) controller.destroy()
    this.#server.close()
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(this.#path)
  }

  #welcome(socket: Socket): void {
    this.#controllers.add(socket)
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => {
      this.#controllers.delete(socket)
      this.onQuiet()
    })
    for (let notice = this.#notices.shift(); notice; notice = this.#notices.shift()) {
      socket.write(encodeLine(notice))
    }
    const splitter = new LineSplitter(REQUEST_BYTES_MAX)
    let queue = Promise.resolve()
    socket.on('data', (chunk: Buffer) => {
      const lines = splitter.push(chunk)
      if (lines === null) {
        socket.destroy()
        return
      }
      if (lines.length === 0) return
      socket.pause() // one batch at a time: whoever asks faster than we answer waits
      queue = queue.then(() => this.#answerAll(socket, lines)).then(() => void socket.resume())
    })
  }

  async #answerAll(socket: Socket, lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const response = await this.#answer(decodeRequest(line))
      if (!socket.destroyed) socket.write(encodeLine(response))
    }
    this.onQuiet()
  }

  async #answer(request: DecodedRequest): Promise<Response> {
    if ('reason' in request) return { id: request.id ?? -1, failure: request.reason }
    const plane = this.#plane()
    switch (request.op) {
      case 'read':
        return { id: request.id, table: plane.table.table() }
      case 'counters':
        return { id: request.id, counters: plane.table.counters() }
      case 'apply':
        return { id: request.id, errors: await plane.applyAll(request.edits) }
    }
  }
}
