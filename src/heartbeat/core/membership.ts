/**
 * Who is there: the status of every node as it announced it last, and the verdict of death after silence. The dead
 * time is the one that the node itself announces (`dt`); until all configured nodes have been heard or declared dead,
 * initdead holds for everybody.
 *
 * heard | status before | meaning
 * yes   | init          | node joins
 * yes   | dead          | node returns: restarted (new generation) or after a partition (same generation)
 * no    | not dead      | dead time passed: declare it dead, once
 */
import * as lines from '../log-lines.js'
import type { Chronicle } from './chronicle.js'
import type { ClusterConfig, NodeName, NodeStatus } from './contract.js'
import { LinkStates } from './link-states.js'
import { Reception } from './sequence.js'

const DEADTIME_MAX_MS = 24 * 3600_000
export const NODES_MAX = 100

export interface Peer {
  readonly name: NodeName
  readonly type: 'normal' | 'ping'
  readonly reception: Reception
  readonly links: LinkStates
  readonly knownSinceMs: number
  status: NodeStatus
  /** When the last fresh packet came: what the verdict counts from. */
  heardAtMs: number | undefined
  /** When the last status came: what lateness counts from. */
  statusAtMs: number | undefined
  deadtimeMs: number
  statusSeq: number
  /** Number of the key under its newest packet. */
  signedWith: number | undefined
  uuid: Uint8Array | undefined
  weight: number
  site: string
  isSystole: boolean
  /** It has answered or acknowledged something that we said in this life. */
  hearsUs: boolean
  /** It said shutdone: its death is no news. */
  hasLeft: boolean
}

export class Membership {
  /** In the order of ha.cf: normal nodes with us among them, then ping nodes, then added ones. */
  readonly peers = new Map<NodeName, Peer>()
  readonly #config: ClusterConfig
  readonly #chronicle: Chronicle
  #graceUntilMs = Number.NEGATIVE_INFINITY
  #allJudged = false

  constructor(config: ClusterConfig, chronicle: Chronicle) {
    this.#config = config
    this.#chronicle = chronicle
  }

  start(nowMs: number): void {
    for (const name of this.#config.nodes) this.#put(name, 'normal', nowMs)
    for (const name of this.#config.pingNodes) this.#put(name, 'ping', nowMs)
  }

  add(name: NodeName, nowMs: number): boolean {
    if (this.peers.has(name) || this.peers.size >= NODES_MAX) return false
    this.#put(name, 'normal', nowMs)
    return true
  }

  others(): Peer[] {
    return [...this.peers.values()].filter(peer => peer.name !== this.#config.us)
  }

  /** Normal nodes besides us that are heard. */
  living(): Peer[] {
    const living: Peer[] = []
    for (const peer of this.peers.values()) {
      const { name, type, status, statusAtMs } = peer
      const isOther = name !== this.#config.us && type === 'normal'
      if (isOther && status !== 'dead' && statusAtMs !== undefined) living.push(peer)
    }
    return living
  }

  reachablePings(): number {
    return this.others().filter(peer => peer.type === 'ping' && peer.status === 'ping').length
  }

  /** All configured nodes have been heard or declared dead. Stays true. */
  get allJudged(): boolean {
    this.#allJudged ||= this.others().every(peer => peer.statusAtMs !== undefined || peer.status === 'dead')
    return this.#allJudged
  }

  /** A status message of a node, newer than the last: gives the status before when it has changed. */
  heardStatus(
    peer: Peer,
    status: NodeStatus,
    deadtimeMs: number | undefined,
    nowMs: number,
  ): NodeStatus | undefined {
    if (peer.statusAtMs !== undefined) this.#noteLateness(peer, nowMs - peer.statusAtMs)
    peer.statusAtMs = nowMs
    peer.heardAtMs = nowMs
    if (deadtimeMs !== undefined) peer.deadtimeMs = Math.min(Math.max(deadtimeMs, 1), DEADTIME_MAX_MS)
    if (peer.status === status) return undefined
    const before = peer.status
    peer.status = status
    this.#chronicle.log(lines.statusUpdate(peer.name, status))
    this.#chronicle.decide(
      peer.name,
      `${before} -> ${status}`,
      before === 'init' || before === 'dead' ? 'heard' : 'it says so',
    )
    return before
  }

  /** We did not run for a while: packets may be waiting unread, so nobody is declared dead at once. */
  grantGrace(nowMs: number): void {
    this.#graceUntilMs = nowMs + 2 * this.#config.keepaliveMs
  }

  /** Declares dead, once, who has been silent for too long. */
  expire(nowMs: number): Peer[] {
    const dead: Peer[] = []
    for (const peer of this.peers.values()) {
      if (peer.name === this.#config.us || peer.status === 'dead' || nowMs < this.#verdictMs(peer)) continue
      const before = peer.status
      const since = peer.heardAtMs ?? peer.knownSinceMs
      peer.status = 'dead'
      dead.push(peer)
      this.#chronicle.log(lines.nodeIsDead(peer.name))
      this.#chronicle.decide(
        peer.name,
        `${before} -> dead`,
        `${peer.heardAtMs === undefined ? 'not heard' : 'silent'} for ${Math.round(nowMs - since)} ms`,
      )
    }
    return dead
  }

  /** The time after which a link of this node, or the node, counts as silent. */
  silenceLimitMs(peer: Peer): number {
    const own = peer.type === 'ping' ? this.#config.deadpingMs : peer.deadtimeMs
    return this.allJudged ? own : Math.max(own, this.#config.initdeadMs)
  }

  nextMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const peer of this.peers.values()) {
      next = Math.min(next, peer.links.nextMs(this.silenceLimitMs(peer)))
      if (peer.status === 'dead') continue
      next = Math.min(next, peer.reception.nextRequestMs())
      if (peer.name !== this.#config.us) next = Math.min(next, this.#verdictMs(peer))
    }
    return next
  }

  #verdictMs(peer: Peer): number {
    return Math.max((peer.heardAtMs ?? peer.knownSinceMs) + this.silenceLimitMs(peer), this.#graceUntilMs)
  }

  #noteLateness(peer: Peer, intervalMs: number): void {
    const rounded = Math.round(intervalMs)
    if (peer.type === 'ping' || peer.hasLeft) return
    if (intervalMs > this.#config.deadtimeMs)
      this.#chronicle.log(lines.lateBeyondDeadtime(peer.name, rounded))
    else if (intervalMs > this.#config.warntimeMs)
      this.#chronicle.log(lines.lateHeartbeat(peer.name, rounded))
  }

  #put(name: NodeName, type: 'normal' | 'ping', nowMs: number): void {
    this.peers.set(name, {
      name,
      type,
      reception: new Reception(this.#config.maxRexmitDelayMs, this.#config.random),
      links: new LinkStates(type === 'ping' ? [name] : this.#config.links),
      knownSinceMs: nowMs,
      status: 'init',
      heardAtMs: undefined,
      statusAtMs: undefined,
      deadtimeMs: type === 'ping' ? this.#config.deadpingMs : this.#config.deadtimeMs,
      statusSeq: 0,
      signedWith: undefined,
      uuid: name === this.#config.us ? this.#config.uuid : undefined,
      weight: 100,
      site: '',
      isSystole: name === this.#config.us,
      hearsUs: false,
      hasLeft: false,
    })
  }
}
