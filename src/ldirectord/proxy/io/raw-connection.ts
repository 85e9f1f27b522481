/**
 * One forwarded connection of a worker: two ends, each a descriptor. What one end does the other one sees: a FIN stays
 * a FIN, a reset becomes a reset. An end that takes no more holds its other end back: what it did not take waits here,
 * one buffer at most, and nothing more is read meanwhile.
 */
import type { ForwardedFor } from '../core/forwarded-for.js'
import { requestsOf } from '../core/introduction.js'
import type { LiveDestination } from '../core/live-destination.js'
import type { Client, LiveService } from '../core/live-table.js'

const NONE: ReadonlySet<never> = new Set()

type Counted = 'none' | 'inactive' | 'active'

export class RawEnd {
  readonly fd: number
  /** Under which the poller watches it. */
  readonly serial: number
  readonly connection: RawConnection
  /** It has sent something. */
  hasSpoken = false
  /** It has sent its FIN. */
  hasEnded = false
  /** There may be bytes that were not read yet: the poller tells only once. */
  mayHaveMore = false
  /** After the bytes comes a FIN or an error, of which the poller has told already. */
  isLeaving = false
  /** The poller tells when it takes bytes again. */
  isWatchedForRoom: boolean
  /** What is sent goes out at once, however little it is and whatever is on its way. */
  isPrompt = true
  /** It was sent something. */
  wasToldSomething = false
  /** What it is still to be sent. */
  waiting: Buffer | null = null

  constructor(fd: number, serial: number, connection: RawConnection, isWatchedForRoom: boolean) {
    this.fd = fd
    this.serial = serial
    this.connection = connection
    this.isWatchedForRoom = isWatchedForRoom
  }

  get peer(): RawEnd | null {
    const { client, real } = this.connection
    return this === client ? real : client
  }
}

export class RawConnection {
  readonly service: LiveService
  readonly caller: Client
  readonly client: RawEnd
  /** What the bytes of the client go through. */
  readonly requests: ForwardedFor | null
  /** Connecting, or connected. */
  real: RawEnd | null = null
  isJoined = false
  isOver = false
  /** When something last moved. */
  lastMs: number
  /** Destinations that have just failed: mostly none, and then no set of its own. */
  tried: ReadonlySet<LiveDestination> = NONE
  #destination: LiveDestination | null = null
  #counted: Counted = 'none'

  constructor(fd: number, serial: number, service: LiveService, caller: Client, nowMs: number) {
    this.client = new RawEnd(fd, serial, this, false)
    this.service = service
    this.caller = caller
    this.lastMs = nowMs
    this.requests = requestsOf(service.settings, caller)
  }

  get destination(): LiveDestination | null {
    return this.#destination
  }

  /** Counts as on its way to this destination. */
  goTo(destination: LiveDestination): void {
    this.#destination = destination
    this.count('inactive')
  }

  /** The destination it was on its way to has failed. */
  giveUp(): void {
    this.count('none')
    if (this.#destination) this.tried = new Set([...this.tried, this.#destination])
    this.real = null
  }

  count(to: Counted): void {
    if (this.#counted === to) return
    this.#destination?.count(this.#counted, to)
    this.#counted = to
  }
}
