/**
 * The copying between the two ends of a connection. One buffer serves all connections: bytes wait in memory only for an
 * end that does not take them, and meanwhile nothing more is read from the other one.
 */
import {
  EAGAIN,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  type Poller,
  type TcpSockets,
} from '../../../base/io/tcp-calls.js'
import type { RawConnection, RawEnd } from './raw-connection.js'

const BUFFER_BYTES = 65_536
/** Buffers copied from one end before others get their turn. */
const BUFFERS_PER_TURN = 8
/** Less than any segment holds: it goes out at once when nothing is on its way. */
const SHORT_BYTES = 512
/** What is news of an end; told once. */
export const LOOK_AT = EPOLLIN | EPOLLRDHUP | EPOLLET

export interface RawCopierContext {
  readonly sockets: TcpSockets
  readonly poller: Poller
  reset(connection: RawConnection): void
  /** Both ends have said everything and been told everything. */
  finished(connection: RawConnection): void
}

export class RawCopier {
  readonly #context: RawCopierContext
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  /** Ends whose turn was over before their bytes were. */
  #unfinished: RawEnd[] = []
  /** Ends that are still to be sent the FIN of their peer: mostly theirs comes in the same moment, and a close says both. */
  #toBeEnded: RawEnd[] = []
  #nowMs = 0

  constructor(context: RawCopierContext) {
    this.#context = context
  }

  get hasUnfinished(): boolean {
    return this.#unfinished.length > 0
  }

  setTime(nowMs: number): void {
    this.#nowMs = nowMs
  }

  /** After each round of news. */
  goOn(): void {
    const unfinished = this.#unfinished
    this.#unfinished = []
    for (const end of unfinished) this.pump(end)
    if (this.#toBeEnded.length === 0) return
    for (const { fd, connection, hasEnded } of this.#toBeEnded) {
      if (!connection.isOver && !hasEnded) this.#context.sockets.sendEnd(fd)
    }
    this.#toBeEnded = []
  }

  /** Passes on what there is to read. */
  pump(end: RawEnd): void {
    const { sockets } = this.#context
    const { connection, peer } = end
    if (connection.isOver || end.hasEnded || peer === null) return
    end.mayHaveMore = true
    for (let buffers = 0; peer.waiting === null; buffers++) {
      if (buffers === BUFFERS_PER_TURN) {
        this.#unfinished.push(end)
        return
      }
      const length = sockets.read(end.fd, this.#buffer)
      if (length > 0) {
        connection.lastMs = this.#nowMs
        end.hasSpoken = true
        if (!this.#pass(end, peer, length)) return
        // Fewer than fit: that was all; the poller tells of what comes later, but a FIN it has told of already.
        if (length === BUFFER_BYTES || end.isLeaving) continue
        end.mayHaveMore = false
        return
      }
      end.mayHaveMore = false
      if (length === 0) this.#ended(end, peer)
      else if (sockets.errno() !== EAGAIN) this.#context.reset(connection)
      return
    }
  }

  /** What was just read goes on. False: the connection is over, or some of it waits. */
  #pass(end: RawEnd, peer: RawEnd, length: number): boolean {
    const { client, requests } = end.connection
    if (requests === null || end !== client) return this.send(peer, this.#buffer, length)
    const pieces = requests.push(this.#buffer.subarray(0, length))
    if (pieces === null) {
      this.#context.reset(end.connection)
      return false
    }
    const bytes = Buffer.concat(pieces)
    return this.send(peer, bytes, bytes.length)
  }

  /** What is not taken waits. */
  send(end: RawEnd, bytes: Buffer, length: number): boolean {
    const { sockets } = this.#context
    if (!end.isPrompt) this.#hurry(end, length)
    const sent = sockets.send(end.fd, bytes, length)
    if (sent === length) return true
    if (sent < 0 && sockets.errno() !== EAGAIN) {
      this.#context.reset(end.connection)
      return false
    }
    end.waiting = Buffer.from(bytes.subarray(Math.max(0, sent), length))
    if (!end.isWatchedForRoom) {
      end.isWatchedForRoom = true
      if (!this.#context.poller.rewatch(end.fd, LOOK_AT | EPOLLOUT, end.serial))
        this.#context.reset(end.connection)
    }
    return false
  }

  /** The first bytes need no hurry; many connections carry no second ones. */
  #hurry(end: RawEnd, length: number): void {
    if (end.wasToldSomething || length > SHORT_BYTES) {
      end.isPrompt = true
      this.#context.sockets.sendAtOnce(end.fd)
    }
    end.wasToldSomething = true
  }

  /** There is room again. */
  flush(end: RawEnd): void {
    const { sockets } = this.#context
    const { connection, peer, waiting } = end
    if (waiting === null || peer === null) return
    const sent = sockets.send(end.fd, waiting, waiting.length)
    if (sent < 0) {
      if (sockets.errno() !== EAGAIN) this.#context.reset(connection)
      return
    }
    connection.lastMs = this.#nowMs
    end.waiting = sent < waiting.length ? waiting.subarray(sent) : null
    if (end.waiting !== null) return
    if (peer.hasEnded) this.#passEnd(peer, end)
    else if (peer.mayHaveMore) this.pump(peer)
  }

  #ended(end: RawEnd, peer: RawEnd): void {
    const { connection } = end
    end.hasEnded = true
    connection.count('inactive')
    const rest = end === connection.client && connection.requests?.end()
    if (rest) this.send(peer, rest, rest.length)
    if (!connection.isOver) this.#passEnd(end, peer)
  }

  /** The FIN of one end, behind what still waits for the other one. */
  #passEnd(end: RawEnd, peer: RawEnd): void {
    if (peer.waiting !== null) return
    if (!peer.hasEnded) this.#toBeEnded.push(peer)
    else if (end.waiting === null) this.#context.finished(end.connection)
  }
}
