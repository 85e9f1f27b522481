/**
 * The life of a process that has handed over: it serves what is open, tells the process that has its sockets how much
 * that is, and ends when nothing is left, or after a day. Should the other one be replaced too, the next one is told.
 */
import { connect, type Socket } from 'node:net'
import { reconcile } from '../../core/reconcile.js'
import type { Edit } from '../../core/table.js'
import { CONTROL_VERSION, RESPONSE_BYTES_MAX, type Request } from '../core/control.js'
import { encodeLine, LineSplitter, parseJson } from '../core/json-lines.js'
import {
  decodeFromSuccessor,
  ENTRIES_MAX,
  type FromPredecessor,
  type Held,
  heldKey,
} from '../core/succession.js'
import type { DataPlane } from './data-plane.js'

const LOOK_MS = 100
const RECONNECT_MS = 200
/** For a process that has nothing left and finds nobody to tell. */
const LOOKS_IN_VAIN_MAX = 50
/** What may wait for a successor that does not read; datagrams beyond it are lost, as UDP loses them. */
const QUEUE_BYTES_MAX = 4_194_304

export interface RetirementOptions {
  readonly plane: DataPlane
  readonly socketPath: string
  /** After this time what is still open is reset. */
  readonly retirementMs: number
  /** Nothing is left to do. */
  readonly ended: () => void
}

export class Retirement {
  readonly #options: RetirementOptions
  readonly #look: NodeJS.Timeout
  readonly #limit: NodeJS.Timeout
  #reconnect: NodeJS.Timeout | undefined
  #socket: Socket | null = null
  /** What the successor believes. */
  #told = new Map<string, Held>()
  /** Before that the successor counts what was open when it took over. */
  #hasAnnounced = false
  #looksInVain = 0
  #isOver = false

  constructor(options: RetirementOptions) {
    this.#options = options
    const { plane } = options
    plane.retire({
      answer: answer => this.#say({ answer }),
      sessionEnded: sessionEnded => this.#say({ sessionEnded }),
    })
    this.#look = setInterval(() => this.#tellHeld(), LOOK_MS)
    this.#limit = setTimeout(() => this.#options.ended(), options.retirementMs)
    this.#announce()
  }

  notice(level: 'info' | 'WARN' | 'ERROR', notice: string): void {
    this.#say({ notice, level })
  }

  /** The process leaves, for whatever reason. */
  close(): void {
    this.#isOver = true
    clearInterval(this.#look)
    clearTimeout(this.#limit)
    clearTimeout(this.#reconnect)
    this.#socket?.destroy()
  }

  #announce(): void {
    const { plane, socketPath } = this.#options
    const socket = connect(socketPath)
    socket.on('error', () => {}) // its close follows
    socket.on('close', () => {
      this.#socket = null
      if (!this.#isOver) this.#reconnect = setTimeout(() => this.#announce(), RECONNECT_MS)
    })
    socket.on('connect', () => {
      this.#socket = socket
      socket.write(encodeLine<Request>({ version: CONTROL_VERSION, id: 0, op: 'announce', pid: process.pid }))
      for (const sessions of pieces(plane.sessions())) this.#say({ sessions })
      this.#told = new Map()
      this.#tellHeld()
      this.#say({ isComplete: true })
      this.#hasAnnounced = true
    })
    const splitter = new LineSplitter(RESPONSE_BYTES_MAX)
    let queue = Promise.resolve()
    socket.on('data', (chunk: Buffer) => {
      const lines = splitter.push(chunk)
      if (lines === null) socket.destroy()
      else for (const line of lines) queue = queue.then(() => this.#heard(line))
    })
  }

  async #heard(line: string): Promise<void> {
    const { plane } = this.#options
    const message = decodeFromSuccessor(parseJson(line))
    if (message === null || this.#isOver) return
    if ('datagram' in message) plane.heardElsewhere(message.datagram)
    else if ('edits' in message) await this.#apply(message.edits)
    else if ('table' in message) {
      const own = plane.table.table()
      await this.#apply(reconcile(message.table, own, new Set(plane.table.services.keys())))
    } else this.#options.ended()
  }

  async #apply(edits: readonly Edit[]): Promise<void> {
    // One that is refused here was meant for what this process no longer has.
    for (const edit of edits) await this.#options.plane.apply(edit)
  }

  #tellHeld(): void {
    const { plane } = this.#options
    if (plane.connections === 0 && (this.#hasAnnounced || ++this.#looksInVain > LOOKS_IN_VAIN_MAX)) {
      this.#options.ended()
      return
    }
    if (this.#socket === null) return
    const now = new Map(plane.held().map(held => [heldKey(held), held]))
    const gone = [...this.#told].flatMap(([key, held]) =>
      now.has(key) ? [] : [{ ...held, active: 0, inactive: 0 }],
    )
    const changed = [...now].flatMap(([key, held]) => (isSame(this.#told.get(key), held) ? [] : [held]))
    for (const held of pieces([...gone, ...changed])) this.#say({ held })
    this.#told = now
  }

  #say(message: FromPredecessor): void {
    const socket = this.#socket
    if (socket === null || ('answer' in message && socket.writableLength > QUEUE_BYTES_MAX)) return
    socket.write(encodeLine(message))
  }
}

function isSame(a: Held | undefined, b: Held): boolean {
  return a !== undefined && a.active === b.active && a.inactive === b.inactive
}

function pieces<T>(list: readonly T[]): T[][] {
  const count = Math.ceil(list.length / ENTRIES_MAX)
  return Array.from({ length: count }, (_, n) => list.slice(n * ENTRIES_MAX, (n + 1) * ENTRIES_MAX))
}
