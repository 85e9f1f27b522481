/**
 * The client of the part `lost`, in the client's namespace: `askers.js HOST PORT` keeps connections open, asks on each
 * again and again, opens a new one for each that ends, and notes which real server each was with. When its input ends it
 * prints what was lost as JSON.
 */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const ASKERS = 40
const PAUSE_MS = 20
const ANSWER_MS_MAX = 3_000
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n'

export interface Losses {
  readonly requests: number
  /** Connections with an answer that ended without being asked to, by real server. */
  readonly ended: Readonly<Record<string, number>>
  /** Connections that never had an answer, and when the last of them failed (Date.now). */
  readonly refused: number
  readonly lastRefusedMs: number
}

const ended: Record<string, number> = {}
const losses = { requests: 0, ended, refused: 0, lastRefusedMs: 0 }
const [host, port] = process.argv.slice(2)
let isOver = false

/** One connection for as long as it lasts. */
function asker(): Promise<void> {
  return new Promise(resolve => {
    let server: string | null = null
    const socket = connect({ host: host!, port: Number(port), timeout: ANSWER_MS_MAX })
    const ask = (): void => {
      if (isOver) socket.destroy()
      else socket.write(REQUEST)
    }
    socket.on('connect', ask)
    socket.on('data', chunk => {
      server = /real \d+/.exec(chunk.toString('latin1'))?.[0] ?? 'unknown'
      losses.requests++
      setTimeout(ask, PAUSE_MS)
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => {
      if (isOver) resolve()
      else if (server !== null) ended[server] = (ended[server] ?? 0) + 1
      else {
        losses.refused++
        losses.lastRefusedMs = Date.now()
      }
      resolve()
    })
  })
}

async function asking(): Promise<void> {
  while (!isOver) {
    await asker()
    if (!isOver) await pause(PAUSE_MS)
  }
}

process.stdin.resume().on('end', () => {
  isOver = true
})
await Promise.all(Array.from({ length: ASKERS }, asking))
process.stdout.write(JSON.stringify(losses))
process.exit(0)
