/** Asks the service address ten times a second, as a client would, and knows how long nobody answered. */
import { get } from 'node:http'
import { nowMs } from '../base/io/real-clock.js'

const PERIOD_MS = 100
const ANSWER_WITHIN_MS = 1_000
const OPEN_MAX = 12

export interface Answer {
  readonly atMs: number
  /** Name of the web server that answered. */
  readonly server: string
  /** Time since the first question that stayed unanswered; 0 when there was none. */
  readonly awayMs: number
}

export interface ProbeEvents {
  readonly onAnswer: (answer: Answer) => void
  /** The first question in a row that stayed unanswered. */
  readonly onSilence: (why: string) => void
}

/** Starts asking; the returned function ends it. */
export function probe(url: string, events: ProbeEvents): () => void {
  let silentSinceMs: number | null = null
  let open = 0
  const failed = (askedMs: number, why: string): void => {
    if (silentSinceMs === null) {
      silentSinceMs = askedMs
      events.onSilence(why)
    }
  }
  const ask = (): void => {
    if (open >= OPEN_MAX) return
    open++
    const askedMs = nowMs()
    const request = get(url, { agent: false, timeout: ANSWER_WITHIN_MS }, response => {
      response.resume()
      const atMs = nowMs()
      events.onAnswer({
        atMs,
        server: String(response.headers['x-server'] ?? 'unknown'),
        awayMs: silentSinceMs === null ? 0 : atMs - silentSinceMs,
      })
      silentSinceMs = null
    })
    request.on('timeout', () => request.destroy(new Error('no answer within 1 s')))
    request.on('error', (error: NodeJS.ErrnoException) => failed(askedMs, error.code ?? error.message))
    request.on('close', () => open--)
  }
  const timer = setInterval(ask, PERIOD_MS)
  ask()
  return () => clearInterval(timer)
}
