/**
 * A daemon without a machine: what daemon.ts, api-socket.ts and fifo.ts compose, in virtual time. Takes inputs from
 * all its doors, performs the effects as the daemon does, and checks after each what must hold whatever came in.
 */
import { createPrng, type Prng } from '../../src/base/prng.js'
import { ApiClients, type ApiEffect, respondToClientQuery } from '../../src/heartbeat/api/clients.js'
import { parseControlRequest } from '../../src/heartbeat/api/control.js'
import { encodeFrame, FrameStream } from '../../src/heartbeat/api/frame.js'
import { stateRecord } from '../../src/heartbeat/api/state-print.js'
import { viewOf } from '../../src/heartbeat/api/view-of-status.js'
import { type AutoFailback, Cluster, type Effect, type Event } from '../../src/heartbeat/core/cluster.js'
import { isRefusal, type Message } from '../../src/heartbeat/wire/message.js'
import { MessageStream } from '../../src/heartbeat/wire/message-stream.js'
import { openPacket, sealMessage } from '../../src/heartbeat/wire/packet.js'
import { RefusedPackets } from '../../src/heartbeat/wire/refused-packets.js'
import type { KeyRing } from '../../src/heartbeat/wire/signature.js'
import { haLogLine } from '../../src/log/formats.js'
import { LineLimit } from '../../src/log/line-limit.js'
import { type Level, LINE_LENGTH_MAX } from '../../src/log/record.js'
import { RING } from './inputs.js'
import { checkRoundTrips } from './laws.js'
import type { Tally } from './tally.js'

const CLIENTS = 4
export const STATUS_LENGTH_MAX = 131_072
/** Effects of one step: a request may have 50 messages sent again, a reaction is some tens more. */
const EFFECTS_MAX = 700
const SEALED_EACH = 8
export const PID = 451
const UUID = Uint8Array.from({ length: 16 }, (_, at) => at + 1)
const GROUPS = [
  { node: 'alpha', key: 'IPaddr2::10.77.0.100/24/eth0' },
  { node: 'beta', key: 'lsblog::db' },
]

export class HostileNode {
  /** Lines that reached the log. */
  lines = 0
  readonly startedMs = 1_000
  nowMs = this.startedMs
  readonly #tally: Tally
  readonly #random: Prng
  readonly #refused = new RefusedPackets()
  readonly #limit = new LineLimit(this.startedMs)
  readonly #fifo = new MessageStream()
  readonly #autoFailback: AutoFailback
  #clients = new ApiClients(new Map([['ipfail', { uids: [0], gids: [] }]]))
  #frames = new Map<number, FrameStream>()
  #cluster: Cluster
  #lastConnection = 0
  #sent = 0
  #connections: number[] = []
  #wakeMs = 0
  #job: { job: number; endsMs: number } | null = null

  constructor(seed: number, tally: Tally) {
    this.#random = createPrng(seed ^ 0x0d0e)
    this.#tally = tally
    this.#autoFailback = this.#random.pick(['on', 'off', 'legacy'] as const)
    this.#cluster = this.#begin()
  }

  /** What the peer's retransmission requests may name. */
  get sizes(): { readonly status: number; readonly connections: number } {
    return { status: this.#statusText().length, connections: this.#clients.count }
  }

  packet(bytes: Buffer, ring: KeyRing = RING): Message | null {
    const packet = openPacket(bytes, ring)
    if (!isRefusal(packet)) {
      this.#tally.note(`packet accepted in ${packet.form} form`)
      checkRoundTrips(packet.message)
      this.#post({ kind: 'received', link: 'eth1', message: packet.message })
      return packet.message
    }
    this.#tally.note(`packet ${packet.fault}`)
    const address = `10.0.0.${this.#random.between(0, 200)}`
    const line = this.#refused.note(address, packet.fault, packet.reason, this.nowMs)
    if (line !== null) this.#say('ERROR', line)
    return null
  }

  fifo(bytes: Buffer): void {
    for (const message of this.#fifo.push(bytes)) {
      if (isRefusal(message)) this.#tally.note(`fifo ${withoutNumbers(message.reason)}`)
      else {
        this.#tally.note('fifo message')
        checkRoundTrips(message)
        this.#post({ kind: 'submitted', message })
      }
    }
  }

  /** Of one of a few clients, which are replaced when they are closed. */
  frame(bytes: Buffer): void {
    const id = this.#connection()
    const { messages, broken } = this.#frames.get(id)!.push(bytes)
    for (const message of messages) {
      if (isRefusal(message)) this.#tally.note('frame unreadable')
      else {
        this.#tally.note('frame message')
        checkRoundTrips(message)
        this.#performApi(this.#clients.receive(id, message, this.#view()))
      }
    }
    if (broken === null) return
    this.#tally.note(`frame ${withoutNumbers(broken)}`)
    this.#hangUp(id)
  }

  control(text: string): void {
    const request = parseControlRequest(text)
    this.#tally.note(`control ${request === null ? 'incomplete' : (request ?? 'unknown')}`)
    if (request) this.#statusText()
  }

  /** Lets time pass, with all that falls due. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs
    while (true) {
      const dueMs = Math.min(this.#wakeMs, this.#job?.endsMs ?? Number.POSITIVE_INFINITY)
      if (dueMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      if (this.#job !== null && this.#job.endsMs <= this.nowMs) this.#endJob(this.#job.job)
      else this.#post({ kind: 'clock' })
    }
    this.nowMs = untilMs
  }

  stop(): void {
    this.#post({ kind: 'stop' })
  }

  #begin(): Cluster {
    const cluster = new Cluster({
      ...{
        us: 'alpha',
        nodes: ['alpha', 'beta'],
        pingNodes: ['10.0.0.9'],
        uuid: UUID,
        generation: 0x6b00fbf0,
      },
      ...{ keepaliveMs: 1000, deadtimeMs: 3000, warntimeMs: 2000, initdeadMs: 5000, deadpingMs: 3000 },
      ...{ autoFailback: this.#autoFailback, maxRexmitDelayMs: 250, hopfudge: 1, links: ['eth1'] },
      ...{ groups: GROUPS, manageResources: true, heldAtStart: 'none', random: this.#random, pid: 1 },
      fingerprints: [{ name: 'keepalive', value: '1' }],
      wallSeconds: () => 0x6b00fbf0 + Math.floor(this.nowMs / 1000),
      loadAverage: () => '0.03 0.26 0.22 6/208 34',
    })
    this.#job = null
    this.#cluster = cluster
    this.#perform(cluster.start(this.nowMs))
    return cluster
  }

  #post(event: Event): void {
    const effects = this.#cluster.step(event, this.nowMs)
    if (effects.length > EFFECTS_MAX) throw new Error(`one ${event.kind} had ${effects.length} effects`)
    this.#perform(effects)
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#tally.note(effect.kind === 'run' ? `job ${effect.what}` : `effect ${effect.kind}`)
      switch (effect.kind) {
        case 'send': {
          this.#tally.note(`sends ${knownType(effect.message.type)}`)
          // The digests are most of the cost: some of them are enough.
          if (this.#sent++ % SEALED_EACH !== 0) break
          const sealed = sealMessage(effect.message, RING, 'classic')
          if (!isRefusal(sealed) && isRefusal(openPacket(sealed, RING)))
            throw new Error('we refuse what we send')
          break
        }
        case 'deliver':
          this.#deliver(effect.message)
          break
        case 'run':
          if (this.#job !== null) throw new Error('a second job before the end of the first')
          this.#job = { job: effect.job, endsMs: this.nowMs + this.#random.pick([0, 10, 5_000]) }
          break
        case 'log':
          this.#say(effect.level, effect.text)
          break
        case 'decided':
          this.#tally.note(
            `decides: ${effect.decision.what.replace(/^(node )?\S+: /, '').replace(/\[.*\]/, '')}`,
          )
          break
        case 'wakeAt':
          if (effect.atMs <= this.nowMs) throw new Error('asks to be woken in the past')
          this.#wakeMs = effect.atMs
          break
        case 'stopped':
          this.#wakeMs = Number.POSITIVE_INFINITY
          this.#begin()
          return
      }
    }
  }

  #endJob(job: number): void {
    this.#job = null
    const failed = this.#random.chance(0.1) ? [this.#random.pick(GROUPS)] : []
    this.#post({ kind: 'jobEnded', job, failed })
  }

  #deliver(message: Message): void {
    const isForUs = (message.text('dest') ?? 'alpha').toLowerCase() === 'alpha'
    if (isForUs) this.#performApi(this.#clients.deliver(message))
    const answer =
      message.type === 'query-cstatus' && isForUs ? respondToClientQuery(message, this.#clients) : null
    if (answer) this.#post({ kind: 'submitted', message: answer })
  }

  #performApi(effects: readonly ApiEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'reply': {
          const { message } = effect
          this.#tally.note(
            `api ${message.text('reqtype') ?? 'message'} ${message.text('result') ?? ''}`.trim(),
          )
          const { broken } = new FrameStream().push(encodeFrame(message))
          if (broken !== null) throw new Error(`we send ${broken}`)
          break
        }
        case 'close':
          this.#tally.note('api close')
          this.#hangUp(effect.connection)
          break
        case 'submit':
          this.#tally.note('api submit')
          this.#post({ kind: 'submitted', message: effect.message })
          break
        case 'signal':
          if (effect.pid !== PID) throw new Error(`would signal process ${effect.pid}`)
          this.#tally.note('api signal')
          break
        case 'log':
          this.#say(effect.level, effect.text)
      }
    }
  }

  #connection(): number {
    while (this.#connections.length < CLIENTS) {
      const id = ++this.#lastConnection
      const credentials = { pid: PID, uid: 0, gid: 0 }
      this.#clients.connect(id, { credentials, claimed: pid => (pid === PID ? credentials : null) })
      this.#frames.set(id, new FrameStream())
      this.#connections.push(id)
    }
    return this.#random.pick(this.#connections)
  }

  #hangUp(id: number): void {
    this.#connections = this.#connections.filter(other => other !== id)
    this.#frames.delete(id)
    this.#performApi(this.#clients.disconnect(id, this.#view()))
  }

  #say(level: Level, text: string): void {
    if (!this.#limit.allows(level, this.nowMs)) return
    const line = haLogLine({ atMs: 0, level, text }, 'alpha', 1)
    if (line.length > LINE_LENGTH_MAX + 200 || line.indexOf('\n') !== line.length - 1)
      throw new Error(`a line of ${line.length} characters, or of several lines`)
    this.#tally.note(`logs ${level}`)
    this.lines++
  }

  #view() {
    return viewOf(this.#cluster.status(), {
      ...{ keepaliveMs: 1000, deadtimeMs: 3000, version: '3.0.6', logfacility: 0, pingsAhead: [] },
      ...{ parameters: new Map([['deadtime', '3']]), managesResources: true },
    })
  }

  #statusText(): string {
    const text = JSON.stringify(stateRecord(this.#cluster.status(), atMs => atMs))
    if (text.length > STATUS_LENGTH_MAX) throw new Error(`a state record of ${text.length} characters`)
    return text
  }
}

const withoutNumbers = (reason: string): string =>
  reason.replace(/\d+/g, 'N').replace(/^field \S+:/, 'field:')
const knownType = (type: string): string => (/^[\w-]{2,16}$/.test(type) ? type : 'something else')
