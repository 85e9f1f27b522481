/**
 * The processes that forwarded here before and still serve their connections, as the new one sees them. Their
 * connections count in its own table, so that schedulers, thresholds and drains see all; its edits go to them too; and
 * datagrams of their UDP sessions are passed on. A process that is expected (its estate was taken over) counts already
 * before it has announced itself, so that no number is ever too small.
 */
import type { Socket } from 'node:net'
import type { Level } from '../core/control.js'
import { encodeLine } from '../core/json-lines.js'
import type { LiveDestination } from '../core/live-destination.js'
import type { Client, LiveTable } from '../core/live-table.js'
import {
  type Datagram,
  decodeFromPredecessor,
  ENTRIES_MAX,
  type FromSuccessor,
  type Heirloom,
  type Held,
  heldKey,
  sessionKey,
} from '../core/succession.js'

/** How long a process whose estate was taken over may take to announce itself. */
const EXPECTED_MS_MAX = 10_000
/** What may wait in the socket of one that does not read; datagrams beyond it are lost, as UDP loses them. */
const QUEUE_BYTES_MAX = 4_194_304

/** A number of connections and the destination of our table that it has been added to. */
interface Counted {
  readonly service: string
  readonly destination: string
  active: number
  inactive: number
  to: LiveDestination | null
}

interface Predecessor {
  readonly pid: number
  /** Its table was ours when we took over: what was edited before it announced itself has to reach it. */
  readonly isExpected: boolean
  socket: Socket | null
  readonly held: Map<string, Counted>
  /** Of these, what it has not told itself since it announced itself. */
  readonly unconfirmed: Set<string>
  readonly sessions: Set<string>
  /** Datagrams from before it announced itself. */
  early: Datagram[]
}

export interface PredecessorsContext {
  readonly table: LiveTable
  /** A datagram for a client of a UDP service. */
  answer(datagram: Datagram): void
  notify(level: Level, text: string): void
}

export class Predecessors {
  readonly #context: PredecessorsContext
  readonly #all = new Set<Predecessor>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(context: PredecessorsContext) {
    this.#context = context
  }

  get count(): number {
    return this.#all.size
  }

  /** What a process that takes over from us must know of them. */
  heirlooms(): Heirloom[] {
    return [...this.#all].map(({ pid, held, sessions }) => ({
      pid,
      held: [...held.values()].map(({ service, destination, active, inactive }) => ({
        service,
        destination,
        active,
        inactive,
      })),
      sessions: [...sessions].map(sessionOf),
    }))
  }

  expect({ pid, held, sessions }: Heirloom): void {
    const expected = this.#add(pid, true)
    this.#heardHeld(expected, held)
    for (const session of sessions) expected.sessions.add(sessionKey(session))
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (expected.socket === null) this.#forget(expected)
    }, EXPECTED_MS_MAX)
    this.#timers.add(timer)
  }

  /** The process has announced itself on this connection; gives what to do with each line that follows. */
  welcome(pid: number, socket: Socket): (line: unknown) => void {
    const known = [...this.#all].find(predecessor => predecessor.pid === pid) ?? this.#add(pid, false)
    const before = known.socket
    known.socket = socket
    before?.destroy()
    for (const key of known.held.keys()) known.unconfirmed.add(key)
    socket.on('close', () => {
      if (known.socket === socket) this.#forget(known)
    })
    if (known.isExpected) send(known, { table: this.#context.table.table() })
    for (const datagram of known.early) send(known, { datagram })
    known.early = []
    return line => this.#heard(known, line)
  }

  /** Whether a datagram belongs to a session of one of them. */
  passOn(service: string, { address, port }: Client, data: Buffer): boolean {
    if (this.#all.size === 0) return false
    const session = { service, address, port }
    const key = sessionKey(session)
    for (const predecessor of this.#all) {
      if (!predecessor.sessions.has(key)) continue
      const datagram = { ...session, data: data.toString('base64') }
      if (predecessor.socket !== null) send(predecessor, { datagram })
      else if (predecessor.early.length < ENTRIES_MAX) predecessor.early.push(datagram)
      return true
    }
    return false
  }

  /** Edits were applied here. */
  edited(edits: Extract<FromSuccessor, { edits: unknown }>['edits']): void {
    if (this.#all.size === 0 || edits.length === 0) return
    for (const predecessor of this.#all) {
      send(predecessor, { edits })
      for (const counted of predecessor.held.values()) this.#count(counted, counted)
    }
  }

  /** Ours end at once, and so do theirs. */
  leave(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const { socket } of this.#all) socket?.end(encodeLine<FromSuccessor>({ leave: true }))
  }

  #add(pid: number, isExpected: boolean): Predecessor {
    const predecessor: Predecessor = {
      pid,
      isExpected,
      socket: null,
      held: new Map(),
      sessions: new Set(),
      unconfirmed: new Set(),
      early: [],
    }
    this.#all.add(predecessor)
    return predecessor
  }

  #forget(predecessor: Predecessor): void {
    this.#all.delete(predecessor)
    for (const counted of predecessor.held.values()) this.#count(counted, { active: 0, inactive: 0 })
  }

  #heard(predecessor: Predecessor, line: unknown): void {
    const message = decodeFromPredecessor(line)
    if (message === null) return
    if ('held' in message) {
      for (const held of message.held) predecessor.unconfirmed.delete(heldKey(held))
      this.#heardHeld(predecessor, message.held)
    } else if ('isComplete' in message) {
      const gone = [...predecessor.unconfirmed].flatMap(key => predecessor.held.get(key) ?? [])
      predecessor.unconfirmed.clear()
      this.#heardHeld(predecessor, gone.map(asNone))
    } else if ('sessions' in message) {
      for (const session of message.sessions) predecessor.sessions.add(sessionKey(session))
    } else if ('answer' in message) this.#context.answer(message.answer)
    else if ('sessionEnded' in message) predecessor.sessions.delete(sessionKey(message.sessionEnded))
    else this.#context.notify(message.level, message.notice)
  }

  #heardHeld(predecessor: Predecessor, held: readonly Held[]): void {
    for (const news of held) {
      const key = heldKey(news)
      const { service, destination } = news
      const counted = predecessor.held.get(key) ?? { service, destination, active: 0, inactive: 0, to: null }
      predecessor.held.set(key, counted)
      this.#count(counted, news)
      if (counted.active + counted.inactive === 0) predecessor.held.delete(key)
    }
  }

  /** Moves a number to what it is now, and to the destination that now has this name. */
  #count(counted: Counted, { active, inactive }: Pick<Held, 'active' | 'inactive'>): void {
    const { service: id, destination } = counted
    const service = this.#context.table.services.get(id)
    const to = service?.destinations.get(destination) ?? service?.leaving.get(destination) ?? null
    counted.to?.countElsewhere(-counted.active, -counted.inactive)
    to?.countElsewhere(active, inactive)
    Object.assign(counted, { active, inactive, to })
  }
}

const asNone = (held: Held): Held => ({ ...held, active: 0, inactive: 0 })

function send({ socket }: Predecessor, message: FromSuccessor): void {
  if (socket === null) return
  if ('datagram' in message && socket.writableLength > QUEUE_BYTES_MAX) return
  socket.write(encodeLine(message))
}

function sessionOf(key: string): { service: string; address: string; port: number } {
  const [service = '', address = '', port = ''] = key.split(' ')
  return { service, address, port: Number(port) }
}
