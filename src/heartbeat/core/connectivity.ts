/**
 * What ipfail does, for machines that lack that program: the two nodes compare how many ping nodes each reaches, and
 * the one that reaches fewer gives its resources away. It speaks the messages of the packaged ipfail (recorded in
 * ipfail-ping-lost and ipfail-ping-back), so that the peer may run that one.
 *
 * A number that comes | than ours | we
 * num_ping_nodes      | lower     | tell the sender so (you_are_dead)
 * num_ping_nodes      | higher    | give all up, after two keepalives
 * num_ping_nodes      | equal     | call both off; with auto_failback give the peer's resources back
 */
import type { Level } from '../../log/record.js'
import { Message } from '../wire/message.js'
import { parseDecimal } from './numbers.js'

/** The name under which ipfail signs on, and that its messages carry. */
export const IPFAIL = 'ipfail'

export interface Surroundings {
  readonly us: string
  /** The other normal node. */
  readonly peer: string
  readonly keepaliveMs: number
  readonly autoFailback: boolean
  /** Ping nodes that we reach now. */
  readonly reachable: () => number
  readonly isInTransition: () => boolean
}

export interface Outcome {
  /** Not yet stamped. */
  readonly send: readonly Message[]
  readonly lines: readonly { readonly level: Level; readonly text: string }[]
}

/** While resources move nothing is given up; it is looked at again after this time, and so often. */
const LOOK_AGAIN_MS = 10_000
const LOOKS_MAX = 6

export class Connectivity {
  readonly #around: Surroundings
  #giveUpAtMs = Number.POSITIVE_INFINITY
  #giveUp: 'all' | 'foreign' = 'all'
  #looks = 0
  #send: Message[] = []
  #lines: { level: Level; text: string }[] = []

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** When to call `tick`. */
  get nextMs(): number {
    return this.#giveUpAtMs
  }

  start(): Outcome {
    const { us } = this.#around
    const joined: [string, string][] = [
      ...([['t', 'hbapi-clstat'], ['st', 'join'], ['from_id', IPFAIL], ['to_id', IPFAIL]] as [string, string][]), // biome-ignore format: pairs
      ...([['src', us], ['info', 'signon'], ['client_gen', '0']] as [string, string][]), // biome-ignore format: pairs
    ]
    this.#send.push(Message.of(...joined))
    return this.#take()
  }

  /** Everything that a client would be shown. */
  hear(message: Message, nowMs: number): Outcome {
    const { us, peer } = this.#around
    const isOfPeer = message.text('src')?.toLowerCase() === peer
    const isForUs = (message.text('dest') ?? us).toLowerCase() === us && message.text('to_id') === IPFAIL
    switch (message.type) {
      case 'ifstat':
        if (message.text('st') === 'dead') this.#compare()
        break
      case 'NS_st':
        if (message.text('st') === 'ping') this.#compare()
        break
      case 'hbapi-clstat':
        if (isOfPeer && message.text('from_id') === IPFAIL && message.text('st') === 'join') this.#compare()
        break
      case 'num_ping_nodes':
        if (isOfPeer && isForUs) this.#compared(parseDecimal(message.text('num_ping')), nowMs)
        break
      case 'you_are_dead':
        if (!isOfPeer || !isForUs) break
        this.#say('Giving up because we were told that we have less ping nodes.')
        this.#giveUpSoon('all', nowMs)
        break
      case 'abort_giveup':
        if (isOfPeer && isForUs) this.#callOff()
        break
    }
    return this.#take()
  }

  tick(nowMs: number): Outcome {
    if (nowMs < this.#giveUpAtMs) return this.#take()
    this.#giveUpAtMs = Number.POSITIVE_INFINITY
    if (!this.#around.isInTransition()) {
      this.#say('giveup() called (timeout worked)')
      const { us } = this.#around
      this.#tell(['t', 'ask_resources'], ['rsc_hold', this.#giveUp], ['src', us], ['info', 'me'])
    } else if (++this.#looks < LOOKS_MAX) {
      this.#giveUpAtMs = nowMs + LOOK_AGAIN_MS
      this.#say('Resources are moving: giving up is delayed.')
    }
    return this.#take()
  }

  #compare(): void {
    const { us, peer } = this.#around
    const count = String(this.#around.reachable())
    this.#say('Asking other side for ping node count.')
    this.#tell(['t', 'num_ping_nodes'], ['src', us], ['num_ping', count], ['dest', peer])
  }

  #compared(theirs: number | undefined, nowMs: number): void {
    if (theirs === undefined) return
    const { us, peer, autoFailback } = this.#around
    const ours = this.#around.reachable()
    if (ours > theirs) {
      this.#say('Telling other node that we have more visible ping nodes.')
      this.#tell(['t', 'you_are_dead'], ['dest', peer])
    } else if (ours < theirs) {
      this.#say('Giving up because we have less visible ping nodes.')
      this.#giveUpSoon('all', nowMs)
    } else {
      this.#say('Ping node count is balanced.')
      this.#tell(['t', 'abort_giveup'], ['src', us], ['dest', peer])
      this.#callOff()
      if (!autoFailback || this.#around.isInTransition()) return
      this.#say('Giving up foreign resources (auto_failback).')
      this.#giveUpSoon('foreign', nowMs)
    }
  }

  #giveUpSoon(what: 'all' | 'foreign', nowMs: number): void {
    this.#giveUp = what
    this.#looks = 0
    const delayMs = 2 * this.#around.keepaliveMs
    this.#giveUpAtMs = nowMs + delayMs
    this.#say(`Delayed giveup in ${Math.floor(delayMs / 1000)} seconds.`)
  }

  #callOff(): void {
    const isPending = this.#giveUpAtMs !== Number.POSITIVE_INFINITY
    this.#giveUpAtMs = Number.POSITIVE_INFINITY
    this.#say(isPending ? 'Aborted delayed giveup.' : 'No giveup timer to abort.')
  }

  #tell(...fields: readonly (readonly [string, string])[]): void {
    this.#send.push(Message.of(...fields, ['from_id', IPFAIL], ['to_id', IPFAIL], ['client_gen', '0']))
  }

  #say(text: string): void {
    this.#lines.push({ level: 'info', text: `ipfail: ${text}` })
  }

  #take(): Outcome {
    const outcome = { send: this.#send, lines: this.#lines }
    this.#send = []
    this.#lines = []
    return outcome
  }
}
