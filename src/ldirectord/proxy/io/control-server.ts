/**
 * The control socket: a unix socket for its owner only. Requests of one connection are answered in order; notices
 * go to whoever is connected, or wait (a bounded number of them) for the next one.
 */
import { chmodSync, linkSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { BoundedQueue } from '../../../base/bounded-queue.js'
import {
  type DecodedRequest,
  decodeRequest,
  type Level,
  REQUEST_BYTES_MAX,
  type Response,
} from '../core/control.js'
import { encodeLine, LineSplitter, parseJson } from '../core/json-lines.js'
import type { DataPlane } from './data-plane.js'

const NOTICES_MAX = 100
const CONTROLLERS_MAX = 16

export class ControlServer {
  readonly #path: string
  readonly #plane: () => DataPlane
  readonly #server: Server
  readonly #controllers = new Set<Socket>()
  /** Connections of processes that forwarded here before, and what is to be done with their lines. */
  readonly #predecessors = new Map<Socket, (line: unknown) => void>()
  readonly #notices = new BoundedQueue<Response>(NOTICES_MAX)
  /** Called when the last controller has left and after each request. */
  onQuiet: () => void = () => {}
  /** Starts another program and gives it everything; resolves with its pid. */
  onHandOver: (node: string, program: string) => Promise<number> = () =>
    Promise.reject(new Error('this process cannot hand over'))
  readonly #program: string
  #inode = 0

  /** @param program what the process runs, as hello tells it */
  constructor(path: string, program: string, plane: () => DataPlane) {
    this.#path = path
    this.#program = program
    this.#plane = plane
    this.#server = createServer(socket => this.#welcome(socket))
    this.#server.maxConnections = CONTROLLERS_MAX
  }

  get hasController(): boolean {
    return this.#controllers.size > 0
  }

  get #beside(): string {
    return `${this.#path}.${process.pid}`
  }

  /** Listens beside the final name, so that nobody ever sees a socket there that does not answer. */
  listen(): Promise<void> {
    const beside = this.#beside
    const umask = process.umask(0o177)
    return new Promise((resolve, reject) => {
      this.#server.once('error', error => {
        process.umask(umask)
        // bind(2) of a unix socket in a folder that is not there is reported as EACCES too.
        const reason = (error as NodeJS.ErrnoException).code ?? error.message
        reject(new Error(`cannot make ${this.#path} (${reason}): the folder must exist and be writable`))
      })
      this.#server.listen(beside, () => {
        process.umask(umask)
        chmodSync(beside, 0o600)
        this.#inode = statSync(beside).ino
        resolve()
      })
    })
  }

  /** From now on this process is the one that is found. */
  publish(): void {
    renameSync(this.#beside, this.#path)
  }

  /** For as long as another process may take the name and fail. */
  keepName(): void {
    linkSync(this.#path, this.#beside)
  }

  /** Whether the name is needed again or not. */
  releaseName(outcome: 'taken over' | 'failed'): void {
    if (outcome === 'failed') renameSync(this.#beside, this.#path)
    // rename(2) of two names of one file leaves both.
    rmSync(this.#beside, { force: true })
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
    for (const socket of [...this.#controllers, ...this.#predecessors.keys()]) socket.destroySoon()
    this.#server.close()
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(this.#path)
  }

  #welcome(socket: Socket): void {
    this.#controllers.add(socket)
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => {
      this.#controllers.delete(socket)
      this.#predecessors.delete(socket)
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
      const heard = this.#predecessors.get(socket)
      if (heard) {
        heard(parseJson(line))
        continue
      }
      const request = decodeRequest(line)
      if ('op' in request && request.op === 'announce') {
        this.#controllers.delete(socket)
        this.#predecessors.set(socket, this.#plane().predecessors.welcome(request.pid, socket))
        continue
      }
      const response = await this.#answer(request)
      if (!socket.destroyed) socket.write(encodeLine(response))
    }
    this.onQuiet()
  }

  async #answer(request: Exclude<DecodedRequest, { op: 'announce' }>): Promise<Response> {
    if ('reason' in request) return { id: request.id ?? -1, failure: request.reason }
    const plane = this.#plane()
    switch (request.op) {
      case 'read':
        return { id: request.id, table: plane.table.table() }
      case 'counters':
        return { id: request.id, counters: plane.table.counters() }
      case 'apply': {
        const errors = await plane.applyAll(request.edits)
        plane.predecessors.edited(request.edits.filter((_, n) => errors[n] === null))
        return { id: request.id, errors }
      }
      case 'workers':
        return { id: request.id, workers: plane.setWorkers(request.count) }
      case 'hello':
        return { id: request.id, program: this.#program, pid: process.pid }
      case 'handOver':
        try {
          return { id: request.id, successor: await this.onHandOver(request.node, request.program) }
        } catch (error) {
          return { id: request.id, failure: (error as Error).message }
        }
    }
  }
}
