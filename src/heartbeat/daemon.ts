/**
 * The heartbeat daemon at work: takes one event after the other from a bounded queue, steps the cluster core, performs
 * the effects in order. It holds no rule: who is alive and who owns what is decided in core, what to do with
 * resources in the runner's plans, who may ask what in api.
 */
import { unreachable } from '../base/assert.js'
import { BoundedQueue } from '../base/bounded-queue.js'
import { nowMs } from '../base/io/real-clock.js'
import type { Prng } from '../base/prng.js'
import { Rarely, withTimes } from '../base/rarely.js'
import type { Level } from '../log/record.js'
import { respondToClientQuery } from './api/clients.js'
import type { ClusterView } from './api/cluster-view.js'
import { type ViewSettings, viewOf } from './api/view-of-status.js'
import { losesReceived, losesSent, type TestLosses } from './config/only-for-testing.js'
import type {
  Cluster,
  ClusterStatus,
  Decision,
  DeletedNode,
  Effect,
  Event,
  GroupName,
  ResourceClass,
  ResourceJob,
} from './core/cluster.js'
import type { ApiSocket } from './io/api-socket.js'
import type { Link, PacketOrigin } from './links/link.js'
import type { PingPort } from './links/ping.js'
import { type Compression, expandWhole } from './wire/compression.js'
import { FloodGuard } from './wire/flood-guard.js'
import { isRefusal, type Message, type MessageFormat } from './wire/message.js'
import { OwnPackets } from './wire/own-packets.js'
import { openPacket, type PacketFault, sealClassic, sealMessage } from './wire/packet.js'
import { isPingStatusOf, pingStatus } from './wire/ping-status.js'
import { RefusedPackets } from './wire/refused-packets.js'
import { type KeyRing, signingWith } from './wire/signature.js'

/** Events that may wait: many times what a tick brings, little enough to be worked off in a moment. */
const EVENTS_MAX = 4_096
/** Room that packets and messages leave for what must not be lost: ended jobs, stop, edits, the clock. */
const EVENTS_RESERVED = 128
/** Events worked off before timers and sockets get their turn. */
const EVENTS_AT_ONCE = 256
/** The core asks to be woken; a timer that fires this much early would only ask again. */
const TIMER_GRAIN_MS = 1
/** Node's timers count in 32 bits; a clock event too many is harmless. */
const TIMER_MS_MAX = 2 ** 31 - 1

export interface DaemonParts {
  readonly cluster: Cluster
  readonly us: string
  /** For losses that a test wants. */
  readonly random: Prng
  readonly format: MessageFormat
  readonly compression: Compression
  readonly logsBadPackets: boolean
  readonly view: ViewSettings
  readonly say: (level: Level, text: string) => void
  readonly openApi: (
    view: () => ClusterView,
    onSubmit: (message: Message) => void,
  ) => Promise<ApiSocket | null>
  readonly runJob: (job: ResourceJob) => void
  readonly announce: () => void
  /** Has the STONITH device reset a node; answered by the event resetEnded. */
  readonly reset: (node: string) => void
  readonly reboot: () => void
  /** Keeps it for the next start. */
  readonly keepGeneration: (generation: number) => void
  readonly keepDeletedNodes: (nodes: readonly DeletedNode[]) => void
  /** We have just said that we live. */
  readonly onBeat: () => void
  readonly onDecision: (decision: Decision) => void
  /** A message that a script of rc.d, or a client that is part of us, may want. */
  readonly onDelivered: (message: Message) => void
  /** Clients may sign on. */
  readonly onApiOpened: () => void
  /** Everything is released and said: what clients we started may end. */
  readonly onLeaving: () => void
  /** A new life shall begin, which holds this. */
  readonly onRestart: (held: ResourceClass, failed: readonly GroupName[]) => void
  readonly onStopped: () => void
}

export class Daemon {
  keys: KeyRing
  /** What clients are told besides the state. */
  viewSettings: ViewSettings
  /** Packets that a test wants thrown away. */
  losses: TestLosses | null = null
  links: readonly Link[] = []
  /** null: there are no ping nodes, or they cannot be asked. */
  pings: PingPort | null = null
  readonly #parts: DaemonParts
  readonly #events = new BoundedQueue<Event>(EVENTS_MAX)
  readonly #refused = new RefusedPackets()
  readonly #own = new OwnPackets()
  readonly #dropped = new Rarely()
  readonly #floods = new FloodGuard()
  #api: ApiSocket | null = null
  #signsWith: number
  #isScheduled = false
  /** The core is not stepped before it has been started: until then packets are lost, other events wait. */
  #hasStarted = false
  #hasStopped = false
  #timer: NodeJS.Timeout | undefined
  /** What the timer stands at; null when it has fired. */
  #wakesAtMs: number | null = null

  constructor(keys: KeyRing, parts: DaemonParts) {
    this.keys = keys
    this.#signsWith = keys.outgoing.number
    this.viewSettings = parts.view
    this.#parts = parts
  }

  start(): void {
    this.#perform(this.#parts.cluster.start(nowMs()))
    this.#hasStarted = true
    this.#schedule()
  }

  get clusterStatus(): ClusterStatus {
    return this.#parts.cluster.status()
  }

  /** A client that is part of the daemon: it counts as signed on. */
  actsAs(client: string): void {
    this.#api?.clients.inside.add(client)
  }

  /** Ends everything that this class opened or started. */
  close(): void {
    this.#hasStopped = true
    clearTimeout(this.#timer)
    this.#api?.close()
  }

  view(): ClusterView {
    return viewOf(this.#parts.cluster.status(), this.viewSettings)
  }

  post(event: Event): void {
    if (this.#hasStopped || (event.kind === 'received' && !this.#hasStarted)) return
    const isOfOthers = event.kind === 'received' || event.kind === 'submitted'
    const hasRoom = !isOfOthers || this.#events.length < EVENTS_MAX - EVENTS_RESERVED
    if (!hasRoom || !this.#events.push(event)) this.#noteDropped(event.kind)
    this.#schedule()
  }

  submit(message: Message): void {
    this.post({ kind: 'submitted', message })
  }

  /** What a host of the ping node `from.link` answered. */
  onPingAnswer(bytes: Buffer, from: PacketOrigin): void {
    this.onPacket(bytes, from, message => isPingStatusOf(from.link, message))
  }

  onPacket(bytes: Buffer, from: PacketOrigin, isWanted: (message: Message) => boolean = () => true): void {
    if (this.#floods.ignores(from.address, nowMs())) return
    const own = this.#own.find(bytes)
    if (own !== undefined) {
      if (isWanted(own)) this.post({ kind: 'received', link: from.link, message: own })
      return
    }
    const packet = openPacket(bytes, this.keys)
    if (isRefusal(packet)) {
      this.#floods.refused(from.address)
      this.#refuse(from, packet.fault, packet.reason)
      return
    }
    this.#floods.accepted(from.address)
    const message = expandWhole(packet.message, this.#parts.compression.codec)
    if (isRefusal(message)) {
      this.#refuse(from, 'malformed', message.reason)
      return
    }
    const source = message.text('src')?.toLowerCase() ?? ''
    const { us, random } = this.#parts
    if (!isWanted(message) || losesReceived(this.losses, source, us, random.chance)) return
    this.post({ kind: 'received', link: from.link, message, signedWith: packet.authNumber })
  }

  #refuse(from: PacketOrigin, fault: PacketFault, reason: string): void {
    const line = this.#refused.note(from.address, fault, reason, nowMs())
    const isWorthALine = fault !== 'foreign' && this.#parts.logsBadPackets
    if (line !== null && isWorthALine) this.#parts.say('ERROR', line)
  }

  #noteDropped(kind: Event['kind']): void {
    const said = this.#dropped.note(kind, nowMs())
    if (said !== null) this.#parts.say('ERROR', withTimes(`too many events wait: ${kind} dropped`, said))
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#hasStarted) return
    this.#isScheduled = true
    // When what has brought the event is over; a turn of its own in the event loop would cost as much as the work.
    process.nextTick(this.#work)
  }

  readonly #work = (): void => {
    for (let done = 0; done < EVENTS_AT_ONCE && !this.#hasStopped; done++) {
      const event = this.#events.shift()
      if (!event) break
      this.#perform(this.#parts.cluster.step(event, nowMs()))
    }
    this.#isScheduled = this.#events.length > 0 && !this.#hasStopped
    if (this.#isScheduled) setImmediate(this.#work)
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect.message)
          break
        case 'deliver':
          this.#deliver(effect.message)
          break
        case 'run': {
          const { kind: _, ...job } = effect
          this.#parts.runJob(job)
          break
        }
        case 'reset':
          this.#parts.reset(effect.node)
          break
        case 'announce':
          this.#parts.announce()
          break
        case 'reboot':
          this.#parts.reboot()
          break
        case 'log':
          this.#parts.say(effect.level, effect.text)
          break
        case 'decided':
          this.#parts.say('debug', `${effect.decision.what}: ${effect.decision.because}`)
          this.#parts.onDecision(effect.decision)
          break
        case 'generation':
          this.#parts.keepGeneration(effect.generation)
          break
        case 'deletedNodes':
          this.#parts.keepDeletedNodes(effect.nodes)
          break
        case 'communicationUp':
          void this.#openApi()
          break
        case 'wakeAt':
          this.#wakeAt(effect.atMs)
          break
        case 'restart':
          this.#parts.onRestart(effect.held, effect.failed)
          return
        case 'stopped':
          this.#parts.onStopped()
          return
        default:
          unreachable(effect)
      }
    }
  }

  #send(message: Message): void {
    this.#sendOver('netstring', message, sealMessage)
    this.#sendOver('classic', message, sealClassic)
    if (message.type === 'shutdone') this.#parts.onLeaving()
    if (message.type === 'status') this.#parts.onBeat()
    if (message.type === 'status') this.#askPingNodes(message.text('ts') ?? '')
  }

  /** Our active key, but for a peer of heartbeat 3.0.6 the one that it signs with itself, as long as we have it. */
  #signingKeys(): KeyRing {
    const ring = signingWith(this.keys, this.#parts.cluster.keyOfOriginal)
    if (ring.outgoing.number !== this.#signsWith) {
      this.#signsWith = ring.outgoing.number
      const why = ring === this.keys ? 'as authkeys says' : 'as the other node does, which accepts no other'
      this.#parts.say('info', `Signing with key ${ring.outgoing.number}, ${why}.`)
    }
    return ring
  }

  #sendOver(form: MessageFormat, message: Message, seal: typeof sealMessage): void {
    const links = this.links.filter(link => link.form === form)
    if (links.length === 0) return
    const bytes = seal(message, this.#signingKeys(), this.#parts.format, this.#parts.compression)
    if (isRefusal(bytes)) this.#parts.say('ERROR', `${message.type} not sent: ${bytes.reason}`)
    else {
      this.#own.sent(bytes, message)
      for (const link of links) if (!losesSent(this.losses, this.#parts.random.chance)) link.send(bytes)
    }
  }

  #askPingNodes(ts: string): void {
    this.pings?.ask(({ name, kind }) => {
      const status = pingStatus(name, kind === 'ping6' ? 'ping6' : 'ping', ts)
      const datagram = sealMessage(status, this.keys, this.#parts.format)
      return isRefusal(datagram) ? null : datagram
    })
  }

  #deliver(message: Message): void {
    const { us } = this.#parts
    // A message of ours to one other node comes by here too; it is not for the clients of this node.
    const isForUs = (message.text('dest') ?? us).toLowerCase() === us
    if (isForUs) this.#api?.deliver(message)
    const isAsked = message.type === 'query-cstatus' && isForUs
    const answer = isAsked && this.#api ? respondToClientQuery(message, this.#api.clients) : null
    if (answer) this.submit(answer)
    this.#parts.onDelivered(message)
  }

  async #openApi(): Promise<void> {
    this.#api = await this.#parts.openApi(
      () => this.view(),
      message => this.submit(message),
    )
    if (this.#hasStopped) this.#api?.close()
    else this.#parts.onApiOpened()
  }

  #wakeAt(atMs: number): void {
    // Most events change nothing about the next beat.
    if (atMs === this.#wakesAtMs) return
    this.#wakesAtMs = atMs
    clearTimeout(this.#timer)
    const inMs = Math.min(Math.max(0, Math.ceil(atMs - nowMs() + TIMER_GRAIN_MS / 2)), TIMER_MS_MAX)
    this.#timer = setTimeout(() => {
      this.#wakesAtMs = null
      this.post({ kind: 'clock' })
    }, inMs)
  }
}
