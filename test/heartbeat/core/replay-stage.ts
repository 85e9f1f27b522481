/**
 * Our core in the place of one node of a recording: the other node's packets of heartbeat 3.0.6 are handed in at their
 * recorded times; what our core sends, logs and asks its runner for is collected.
 */
import { createPrng } from '../../../src/base/prng.js'
import {
  type AutoFailback,
  Cluster,
  type Effect,
  type Event,
  type ResourceJob,
} from '../../../src/heartbeat/core/cluster.js'
import { isRefusal, Message } from '../../../src/heartbeat/wire/message.js'
import { decodePacket } from '../../../src/heartbeat/wire/packet.js'
import { readCapture } from '../../captures/read-pcap.js'

export interface Recorded {
  readonly atMs: number
  readonly message: Message
}

/** All packets of one node in a recording; milliseconds since its first packet. */
export function recordedFrom(capture: string, node: string): Recorded[] {
  const packets = readCapture(capture).filter(packet => packet.protocol === 'udp')
  const startSeconds = packets[0]!.atSeconds
  const recorded: Recorded[] = []
  for (const { atSeconds, payload } of packets) {
    const packet = decodePacket(payload)
    if (isRefusal(packet) || packet.message.text('src') !== node) continue
    recorded.push({ atMs: (atSeconds - startSeconds) * 1000, message: packet.message })
  }
  return recorded
}

export class ReplayStage {
  readonly sent: Recorded[] = []
  readonly jobs: ResourceJob[] = []
  readonly warnings: string[] = []
  readonly lines: string[] = []
  readonly cluster: Cluster
  nowMs = 0
  #wakeMs = Number.POSITIVE_INFINITY
  #ends: { atMs: number; job: number }[] = []
  #lastSeq = 0
  #sample: Message | undefined

  constructor(us: 'alpha' | 'beta', autoFailback: AutoFailback = 'on') {
    this.cluster = new Cluster({
      us,
      nodes: ['alpha', 'beta'],
      pingNodes: [],
      uuid: this.#uuidOf(us),
      generation: 0x6b00fbf0,
      keepaliveMs: 1000,
      deadtimeMs: 3000,
      warntimeMs: 2000,
      initdeadMs: 10_000,
      deadpingMs: 3000,
      autoFailback,
      maxRexmitDelayMs: 250,
      hopfudge: 1,
      links: ['eth1'],
      groups: [
        { node: 'alpha', key: 'IPaddr2::10.77.0.100/24/eth0' },
        { node: 'beta', key: 'lsblog::db' },
      ],
      manageResources: true,
      heldAtStart: 'none',
      random: createPrng(7),
      wallSeconds: () => 0x6b00fbef + Math.floor(this.nowMs / 1000),
      loadAverage: () => '0.03 0.26 0.22 6/208 34',
    })
  }

  start(): this {
    this.#perform(this.cluster.start(this.nowMs))
    return this
  }

  /** Plays a recording from now on; numbers skipped since the last one are filled with heartbeats, one a second. */
  play(recorded: readonly Recorded[], forMs?: number): this {
    const first = recorded.find(({ message }) => message.text('seq') !== undefined)
    if (first !== undefined) this.#bridge(Number.parseInt(first.message.text('seq')!, 16), first.message)
    const startMs = this.nowMs
    for (const { atMs, message } of recorded) {
      if (forMs !== undefined && atMs > forMs) break
      this.runUntil(startMs + atMs)
      this.#hear(message)
    }
    if (forMs !== undefined) this.runUntil(startMs + forMs)
    return this
  }

  runUntil(untilMs: number): this {
    for (;;) {
      const end = this.#ends[0]
      const nextMs = Math.min(this.#wakeMs, end?.atMs ?? Number.POSITIVE_INFINITY)
      if (nextMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, nextMs)
      if (end !== undefined && end.atMs <= this.#wakeMs) {
        this.#ends.shift()
        this.#step({ kind: 'jobEnded', job: end.job, failed: [] })
      } else {
        this.#wakeMs = Number.POSITIVE_INFINITY
        this.#step({ kind: 'clock' })
      }
    }
    this.nowMs = untilMs
    return this
  }

  submit(...pairs: (readonly [string, string])[]): this {
    this.#step({ kind: 'submitted', message: Message.of(...pairs) })
    return this
  }

  stop(): this {
    this.#step({ kind: 'stop' })
    return this
  }

  /** The messages of our core since a time, without heartbeats and acknowledgements, as words. */
  said(sinceMs = 0): string[] {
    return this.sent
      .filter(
        ({ atMs, message }) => atMs >= sinceMs && !['status', 'NS_ackmsg', 'systole'].includes(message.type),
      )
      .map(({ message }) => wordsOf(message))
  }

  sentOf(type: string): Message[] {
    return this.sent.map(({ message }) => message).filter(message => message.type === type)
  }

  #bridge(firstSeq: number, sample: Message): void {
    if (this.#sample === undefined || this.#sample.text('hg') !== sample.text('hg')) return
    for (let seq = this.#lastSeq + 1; seq < firstSeq; seq++) {
      this.runUntil(this.nowMs + 1000)
      this.#hear(
        Message.of(['t', 'status'], ['st', 'active'], ['dt', 'bb8'], ['protocol', '1'])
          .with('src', this.#sample.text('src')!)
          .with('seq', seq.toString(16))
          .with('hg', this.#sample.text('hg')!)
          .with('ts', this.#sample.text('ts')!),
      )
    }
    this.runUntil(this.nowMs + 500)
  }

  #hear(message: Message): void {
    const seq = message.text('seq')
    if (seq !== undefined) {
      this.#lastSeq = Number.parseInt(seq, 16)
      this.#sample = message
    }
    this.#step({ kind: 'received', link: 'eth1', message })
  }

  #step(event: Event): void {
    this.#perform(this.cluster.step(event, this.nowMs))
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.sent.push({ atMs: this.nowMs, message: effect.message })
      if (effect.kind === 'wakeAt') this.#wakeMs = effect.atMs
      if (effect.kind === 'log') this.lines.push(effect.text)
      if (effect.kind === 'log' && effect.level !== 'info')
        this.warnings.push(`${effect.level}: ${effect.text}`)
      if (effect.kind !== 'run') continue
      this.jobs.push(effect)
      this.#ends.push({ atMs: this.nowMs + 60, job: effect.job })
    }
  }

  /** The uuid that the recorded peer addresses us by. */
  #uuidOf(us: string): Uint8Array {
    for (const { message } of recordedFrom('cold-start-both', us)) {
      const uuid = message.bytes('srcuuid')
      if (uuid !== undefined) return uuid
    }
    throw new Error(`no packet of ${us}`)
  }
}

const OWN_FIELDS = ['dest', 'rsc_hold', 'isstable', 'info', 'nodelist', 'st', 'node', 'result']

/** `resource all 1 mach_down`: the type and its own fields. */
export function wordsOf(message: Message): string {
  const own = OWN_FIELDS.map(name => message.text(name)).filter(value => value !== undefined)
  return [message.type, ...own].join(' ')
}
