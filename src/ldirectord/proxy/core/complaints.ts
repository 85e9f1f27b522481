/** What the proxy complains of while it forwards: each kind once in a while, however often it happens. */
import { endpoint } from '../../core/table.js'
import type { LiveDestination } from './live-destination.js'

const COMPLAINT_MS = 60_000

export class Complaints {
  readonly #tell: (text: string) => void
  readonly #saidMs = new Map<string, number>()

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  portsExhausted(destination: LiveDestination, nowMs: number): void {
    const advice = '(sysctl net.ipv4.ip_local_port_range, net.ipv4.tcp_tw_reuse)'
    this.say(
      'ports',
      `proxy: no local port is left for connections to ${nameOf(destination)} ${advice}`,
      nowMs,
    )
  }

  /** A connection ends by the idle time, and the real server never said a word. */
  neverAnswered(destination: LiveDestination, idleMs: number, nowMs: number): void {
    const seconds = Math.round(idleMs / 1000)
    const text = `proxy: ${nameOf(destination)} accepted a connection and said nothing for ${seconds} s; it is reset`
    this.say('silence', text, nowMs)
  }

  say(kind: string, text: string, nowMs: number): void {
    if (nowMs - (this.#saidMs.get(kind) ?? Number.NEGATIVE_INFINITY) < COMPLAINT_MS) return
    this.#saidMs.set(kind, nowMs)
    this.#tell(text)
  }
}

const nameOf = ({ settings: { address, port } }: LiveDestination): string => endpoint(address, port)
