/**
 * What the control socket speaks: one request a connection, a word on one line; answers are lines of JSON.
 *
 *     status    the state record, then the end
 *     restart   the same, and the daemon begins a new life that keeps its resources
 *     watch     the state record, then each decision as it is made, until the client closes
 */
export const CONTROL_REQUESTS = ['status', 'watch', 'restart'] as const
export type ControlRequest = (typeof CONTROL_REQUESTS)[number]

export const controlPath = (varRun: string): string => `${varRun}/heartbeat/control`

const REQUEST_BYTES_MAX = 64

/** null: the line is not complete; undefined: it is none of the requests and will not become one. */
export function parseControlRequest(received: string): ControlRequest | null | undefined {
  const end = received.indexOf('\n')
  if (end === -1) return received.length > REQUEST_BYTES_MAX ? undefined : null
  const word = received.slice(0, end).trim()
  return CONTROL_REQUESTS.find(request => request === word)
}

export const RATE_PER_SECOND = 20
/** So many connections at once before the rate counts. */
const BURST = 40

/** How many connections are answered: a bucket that fills at RATE_PER_SECOND. */
export class ControlRate {
  #left = BURST
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  allows(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#atMs) * RATE_PER_SECOND) / 1000
    this.#left = Math.min(BURST, this.#left + gained)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
