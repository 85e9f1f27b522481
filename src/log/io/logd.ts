/**
 * Lines through ha_logd, which then decides by its own logd.cf where they go. Where it does not run, or takes nothing,
 * a line goes where it would go without it; a lost connection is tried again with the first line after a while. Nothing
 * here waits.
 */
import { connect, type Socket } from 'node:net'

/** A daemon that hangs does not fill our memory. */
const WAITING_BYTES_MAX = 1_048_576
/** In the original's words. */
const AWAY = 'Initializing connection to logging daemon failed. Logging daemon may not be running'
/** Lines that wait for the connection to be made or refused. */
const HELD_MAX = 1_000

export interface LogdOptions {
  /** Its socket, such as /var/lib/heartbeat/log_daemon. */
  readonly path: string
  /** conn_logd_time: from one attempt to reach it to the next. */
  readonly retryMs: number
  readonly nowMs: () => number
  readonly onTrouble: (sentence: string) => void
}

interface Held {
  readonly frame: Buffer
  readonly otherwise: () => void
}

export class LogdSink {
  readonly #options: LogdOptions
  #socket: Socket | null = null
  #isConnected = false
  #triedAtMs = Number.NEGATIVE_INFINITY
  /** Said once for each time that it is away. */
  #isMissed = false
  readonly #held: Held[] = []

  constructor(options: LogdOptions) {
    this.#options = options
  }

  /** `otherwise` writes the line where it goes without ha_logd. */
  write(frame: Buffer, otherwise: () => void): void {
    if (this.#socket === null) this.#connect()
    const socket = this.#socket
    if (socket === null || (this.#isConnected && socket.writableLength > WAITING_BYTES_MAX)) otherwise()
    else if (this.#isConnected) socket.write(frame)
    else if (this.#held.length < HELD_MAX) this.#held.push({ frame, otherwise })
    else otherwise()
  }

  close(): void {
    this.#failed(null)
  }

  #connect(): void {
    const { path, retryMs, nowMs } = this.#options
    if (nowMs() - this.#triedAtMs < retryMs) return
    this.#triedAtMs = nowMs()
    const socket = connect({ path })
    socket.unref()
    this.#socket = socket
    socket.on('connect', () => {
      this.#isConnected = true
      this.#isMissed = false
      for (const { frame } of this.#held.splice(0)) socket.write(frame)
    })
    // It answers nothing that a client needs, but its end would not be seen unread.
    socket.resume()
    socket.on('error', () => {}) // the close that follows says all there is to say
    socket.on('close', () => {
      if (this.#socket === socket) this.#failed(AWAY)
    })
  }

  #failed(why: string | null): void {
    this.#socket?.end()
    this.#socket = null
    this.#isConnected = false
    const held = this.#held.splice(0)
    if (why !== null && !this.#isMissed) this.#options.onTrouble(why)
    this.#isMissed = why !== null
    for (const { otherwise } of held) otherwise()
  }
}
