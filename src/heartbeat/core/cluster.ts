/**
 * The door of the cluster's decisions: `step(event, nowMs)` returns, in order, everything that must now be done. It
 * composes the parts, each of which knows one question: who is there, what was heard, who owns what.
 */
import { unreachable } from '../../base/assert.js'
import * as lines from '../log-lines.js'
import { Message } from '../wire/message.js'
import { Chronicle } from './chronicle.js'
import { classBits, className, NONE } from './classes.js'
import type { ClusterConfig, ClusterStatus, Effect, Event, NodeStatus, Settings } from './contract.js'
import { Generation } from './generation.js'
import { Ground } from './ground.js'
import { type Heard, Inbound } from './inbound.js'
import { Membership, type Peer } from './membership.js'
import { NodeList, names } from './node-list.js'
import { leadingNumber, parseHex, printHex } from './numbers.js'
import { Ownership } from './ownership.js'
import { Presence } from './presence.js'
import { Reliability } from './reliability.js'
import { Sender } from './sender.js'
import { reportStatus } from './state-record.js'

export type * from './contract.js'

/** A peer names it, and it stands in every state record. */
const SITE_LENGTH_MAX = 255
const STATUSES: readonly string[] = ['init', 'up', 'active', 'dead']

export class Cluster {
  readonly #config: ClusterConfig & { -readonly [setting in keyof Settings]: Settings[setting] }
  readonly #chronicle = new Chronicle()
  readonly #membership: Membership
  readonly #sender: Sender
  readonly #presence: Presence
  readonly #nodeList: NodeList
  readonly #generation: Generation
  readonly #inbound: Inbound
  readonly #reliability: Reliability
  readonly #ownership: Ownership
  #communicationIsUp = false
  #restart: 'no' | 'wanted' | 'done' = 'no'
  /** When something is due next; it may be so already, for the next event of any kind. */
  #dueMs = Number.POSITIVE_INFINITY
  #plannedWakeMs = Number.POSITIVE_INFINITY

  constructor(given: ClusterConfig) {
    // All parts share this one, so that a change of the settings reaches them.
    const config = { ...given }
    this.#config = config
    this.#membership = new Membership(config, this.#chronicle)
    this.#sender = new Sender(config, this.#chronicle, node => this.#membership.peers.get(node)?.uuid)
    this.#presence = new Presence(config, this.#chronicle, this.#sender)
    this.#nodeList = new NodeList(config.us, this.#membership, this.#sender, this.#chronicle)
    this.#inbound = new Inbound(config, this.#membership, this.#chronicle, this.#sender)
    this.#reliability = new Reliability(this.#membership, this.#sender, this.#chronicle)
    const held = classBits(config.heldAtStart) ?? NONE
    const ground = new Ground(config, this.#chronicle, this.#membership, this.#sender, held)
    this.#ownership = new Ownership(ground, () => this.#presence.hasten(this.#chronicle.nowMs))
    this.#generation = new Generation(ground, this.#nodeList, () => {
      // Only a status can tell the peers of a new generation.
      this.#presence.beat()
      this.#ownership.beganAnew()
    })
  }

  /** The first thing to call, once. */
  start(nowMs: number): Effect[] {
    this.#chronicle.nowMs = nowMs
    this.#membership.start(nowMs)
    this.#presence.start(nowMs)
    return this.#finish(nowMs)
  }

  /** Consumes one event. Never throws for anything that a peer or an operator can cause. */
  step(event: Event, nowMs: number): Effect[] {
    if (this.#ownership.departure.phase === 'done' || this.#restart === 'done') return []
    const now = Math.max(nowMs, this.#chronicle.nowMs)
    this.#chronicle.nowMs = now
    this.#notePause(now)
    const isNews = this.#handle(event, now)
    return isNews || this.#isDue(now) ? this.#finish(now) : this.#goOn()
  }

  /** Number of the key that a peer of heartbeat 3.0.6 signs with: the only one that it accepts from us. */
  get keyOfOriginal(): number | undefined {
    return this.#membership.living().find(peer => !peer.isSystole)?.signedWith
  }

  status(): ClusterStatus {
    return reportStatus({
      config: this.#config,
      ownership: this.#ownership,
      membership: this.#membership,
      status: this.#presence.status,
      generation: this.#sender.generation,
      deadtimeMs: this.#presence.deadtimeMs,
      communicationIsUp: this.#communicationIsUp,
      decisions: this.#chronicle.decisions,
      nowMs: this.#chronicle.nowMs,
    })
  }

  /** False: nothing has come that anybody would decide by. */
  #handle(event: Event, nowMs: number): boolean {
    switch (event.kind) {
      case 'received': {
        const heard = this.#inbound.hear(event.link, event.message, nowMs, event.signedWith)
        return heard !== undefined && this.#hear(heard, nowMs)
      }
      case 'submitted':
        this.#submit(event.message, nowMs)
        break
      case 'jobEnded':
        this.#ownership.ground.jobs.ended(event.job, event.failed)
        break
      case 'resetEnded':
        this.#ownership.clearance.resetEnded(event.node, event.result)
        break
      case 'keys':
        this.#chronicle.decide(this.#config.us, event.what, 'authkeys was edited')
        break
      case 'groupLost':
        this.#ownership.ground.noteLost(event.group, event.why)
        break
      case 'groups':
        this.#ownership.ground.groups = event.groups
        break
      case 'settings':
        Object.assign(this.#config, event.settings)
        this.#presence.settingsChanged(nowMs)
        break
      case 'fingerprints':
        this.#ownership.ground.agreement.change(event.fingerprints)
        if (this.#communicationIsUp) this.#ownership.ground.announceToSystole(true)
        break
      case 'stop':
        this.#ownership.departure.request()
        break
      case 'restart':
        this.#restart = 'wanted'
        break
      case 'clock':
        break
      default:
        unreachable(event)
    }
    return true
  }

  /** Something was said or the time has come; and what is not known to be at rest is looked at with every event. */
  #isDue(nowMs: number): boolean {
    return !this.#chronicle.isEmpty || nowMs >= this.#dueMs || !this.#communicationIsUp
  }

  /** After a beat like the last one: verdicts lie later than planned, and a wake-up too early is harmless. */
  #goOn(): Effect[] {
    this.#chronicle.push({ kind: 'wakeAt', atMs: this.#plannedWakeMs })
    return this.#chronicle.take()
  }

  /** What is due by the clock, then what the state asks for, then when to be woken. */
  #finish(nowMs: number): Effect[] {
    this.#presence.tick(nowMs)
    for (const peer of this.#membership.expire(nowMs)) this.#bury(peer)
    for (const peer of this.#membership.peers.values()) this.#tendPeer(peer, nowMs)
    this.#reliability.watchHistory()
    this.#raiseCommunication(nowMs)
    if (this.#ownership.departure.phase === 'no') this.#generation.tend(nowMs)
    this.#ownership.tick(nowMs)
    this.#ownership.settle(nowMs)
    if (this.#restart === 'wanted' && this.#ownership.isAtRest) this.#restartNow()
    else if (this.#ownership.departure.phase !== 'done') this.#planWake(nowMs)
    return this.#chronicle.take()
  }

  #restartNow(): void {
    const { ground } = this.#ownership
    const held = className(ground.held)
    this.#restart = 'done'
    this.#chronicle.log(lines.restartExec())
    this.#chronicle.decide(this.#config.us, `restarts and keeps ${held}`, 'asked to')
    this.#presence.announceRestart()
    this.#chronicle.push({ kind: 'restart', held, failed: ground.failed })
  }

  #planWake(nowMs: number): void {
    this.#dueMs = Math.min(
      this.#presence.nextMs(),
      this.#membership.nextMs(),
      this.#nodeList.nextMs(),
      this.#generation.nextMs(),
      this.#ownership.nextMs(),
    )
    this.#plannedWakeMs = Math.max(this.#dueMs, nowMs + 1)
    this.#chronicle.push({ kind: 'wakeAt', atMs: this.#plannedWakeMs })
  }

  /** Woken much too late: packets may be waiting unread, and the silence was ours. */
  #notePause(nowMs: number): void {
    const lateMs = nowMs - this.#plannedWakeMs
    if (lateMs <= this.#config.keepaliveMs) return
    this.#membership.grantGrace(nowMs)
    if (lateMs <= this.#config.deadtimeMs) return
    this.#chronicle.log(lines.pausedFor(Math.round(lateMs)))
    this.#chronicle.decide(
      this.#config.us,
      `did not run for ${Math.round(lateMs)} ms`,
      'its own clock says so',
    )
    this.#ownership.awoke()
  }

  #bury(peer: Peer): void {
    this.#chronicle.push({ kind: 'deliver', message: this.#notice(peer, 'dead') })
    if (peer.type === 'normal') this.#ownership.peerDied(peer)
  }

  #tendPeer(peer: Peer, nowMs: number): void {
    for (const name of peer.links.expire(this.#membership.silenceLimitMs(peer), nowMs)) {
      this.#chronicle.log(lines.link(peer.name, name, 'dead'))
      this.#noticeLink(peer, name, 'dead')
    }
    if (peer.status !== 'dead' && peer.name !== this.#config.us) this.#reliability.tend(peer, nowMs)
  }

  #raiseCommunication(nowMs: number): void {
    if (this.#communicationIsUp || !this.#membership.allJudged) return
    this.#nodeList.advance(nowMs)
    if (!this.#nodeList.isKnown) return
    this.#communicationIsUp = true
    this.#chronicle.log(lines.commNowUp())
    this.#presence.become('active')
    this.#chronicle.decide(this.#config.us, 'active', 'all nodes are heard or dead')
    this.#chronicle.push({ kind: 'communicationUp' })
    this.#ownership.begin(this.#membership.living().some(peer => peer.status === 'active'))
  }

  /** False for a beat like the last one. */
  #hear(heard: Heard, nowMs: number): boolean {
    const { peer, message, type, seq } = heard
    if (heard.restarted) this.#noteRestart(peer)
    if (heard.returned) this.#noteReturn(peer, nowMs)
    if (peer.type === 'ping') return this.#hearPing(peer, message, nowMs)
    if (type === 'status') return this.#hearStatus(heard, nowMs)
    if (heard.isForUs && type.startsWith('NS_')) this.#reliability.hear(peer, message, nowMs)
    else if (heard.isForUs) {
      this.#chronicle.push({ kind: 'deliver', message })
      this.#obey(peer, message, seq, nowMs)
    }
    return true
  }

  /** Messages of a peer to whom it concerns. */
  #obey(peer: Peer, message: Message, seq: number, nowMs: number): void {
    switch (message.type) {
      case 'reqnodes':
        // A starting heartbeat 3.0.6 that has the list but no status of ours takes us for not active, and under
        // auto_failback legacy it starts its groups then without asking us to release them.
        this.#presence.beat()
        this.#nodeList.answer(peer.name)
        break
      case 'repnodes':
        peer.hearsUs = true
        this.#nodeList.adopt(message, nowMs)
        break
      case 'starting':
        this.#ownership.heardStarting(seq)
        break
      case 'systole':
        peer.isSystole = true
        this.#ownership.heardResource(message, seq)
        this.#ownership.ground.agreement.heard(peer.name, message.text('conf') ?? '')
        break
      case 'resource':
        this.#ownership.heardResource(message, seq)
        break
      case 'ask_resources':
        this.#ownership.heardAsk(peer.name, message, seq)
        break
      case 'hb_takeover':
        this.#ownership.heardTakeover(peer.name, message)
        break
      case 'shutdone':
        peer.hasLeft = true
        this.#ownership.peerLeft(peer.name)
        break
      case 'ip-request':
        this.#ownership.heardIpRequest(peer.name, message)
        break
      case 'ip-request-resp':
        this.#ownership.legacy.answered(message)
        break
      default:
        this.#editNodes(message, nowMs)
    }
  }

  #editNodes(message: Message, nowMs: number): void {
    if (message.type === 'addnode') this.#nodeList.add(names(message.text('nodelist')), nowMs)
    if (message.type === 'delnode') this.#nodeList.remove(names(message.text('nodelist')))
    const named = this.#membership.peers.get(message.text('node')?.toLowerCase() ?? '')
    if (named === undefined) return
    if (message.type === 'setweight') named.weight = leadingNumber(message.text('weight') ?? '')
    if (message.type === 'setsite') named.site = (message.text('site') ?? '').slice(0, SITE_LENGTH_MAX)
  }

  /** FIFO, API clients, our own commands: goes to the cluster, and concerns us as if a peer had said it. */
  #submit(message: Message, nowMs: number): void {
    if (message.type === '') return
    if (message.type === 'ask_resources' && message.text('info') === 'me') {
      const bits = classBits(message.text('rsc_hold'))
      if (bits !== undefined && this.#config.manageResources)
        this.#ownership.standby.request(bits, 'asked for here')
      return
    }
    this.#sender.sendMessage(message)
    this.#editNodes(message, nowMs)
    const isForUs = message.text('dest')?.toLowerCase() === this.#config.us
    if (message.type === 'ip-request-resp' && isForUs) this.#ownership.legacy.answered(message)
    if (message.type === 'resource' && message.text('info') === 'mach_down')
      this.#ownership.saidMachDown(message)
  }

  #hearPing(peer: Peer, message: Message, nowMs: number): boolean {
    if (message.type !== 'NS_st') return false
    // An answer comes back only if we asked: the clock stands for the number that such a packet does not have.
    if (peer.links.heard(peer.name, 0, Math.floor(nowMs * 1000), nowMs)) {
      this.#chronicle.log(lines.link(peer.name, peer.name, 'up'))
      this.#noticeLink(peer, peer.name, 'up')
    }
    const before = this.#membership.heardStatus(peer, 'ping', undefined, nowMs)
    if (before !== undefined) this.#chronicle.push({ kind: 'deliver', message })
    return before !== undefined
  }

  #hearStatus({ peer, message, seq, restarted, returned }: Heard, nowMs: number): boolean {
    const status = message.text('st') ?? ''
    if (seq <= peer.statusSeq || !STATUSES.includes(status)) return true
    peer.statusSeq = seq
    const deadtimeBefore = peer.deadtimeMs
    const deadtimeMs = parseHex(message.text('dt'))
    const before = this.#membership.heardStatus(peer, status as NodeStatus, deadtimeMs, nowMs)
    if (before !== undefined) this.#chronicle.push({ kind: 'deliver', message })
    // Each may have taken what the other holds while they did not hear each other.
    if (before === 'dead') this.#ownership.peerReturned()
    const isOther = before !== undefined || peer.deadtimeMs !== deadtimeBefore
    if (isOther || restarted || returned || peer.reception.missing > 0) return true
    this.#reliability.tend(peer, nowMs)
    return false
  }

  #noteRestart(peer: Peer): void {
    peer.statusSeq = 0
    peer.statusAtMs = undefined
    peer.hasLeft = false
    peer.isSystole = false
    this.#sender.history.forgetNode(peer.name)
    this.#chronicle.decide(peer.name, 'restarted', 'its generation has risen')
    this.#ownership.peerRestarted(peer.name)
  }

  #noteReturn(peer: Peer, nowMs: number): void {
    if (!peer.hasLeft) this.#chronicle.log(...lines.returningAfterPartition(peer.name))
    this.#membership.heardStatus(peer, 'active', undefined, nowMs)
    this.#presence.beat()
    this.#ownership.peerReturned()
  }

  /** The notices that the original makes up for its own clients; they never go to the wire. */
  #notice(peer: Peer, status: string): Message {
    const ts = printHex(this.#config.wallSeconds())
    const notice = Message.of(['t', 'status'], ['seq', '1'], ['ts', ts], ['src', peer.name], ['st', status])
    return peer.type === 'ping' ? notice.with('info', 'ping') : notice
  }

  #noticeLink(peer: Peer, name: string, status: string): void {
    const message = Message.of(['t', 'ifstat'], ['node', peer.name], ['ifname', name], ['st', status])
    this.#chronicle.push({ kind: 'deliver', message })
  }
}
