/**
 * Many real servers in a process of their own: an HTTP server on an address of 127.0.0.0/8 each, whose state can be set,
 * and which note when they were asked. The times between two questions tell the period that a checker really keeps.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export type RealMode = 'answers' | 'refuses' | 'silent' | 'broken'
export const REAL_PORT = 8080
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n'
const BROKEN = 'HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/** What the servers saw since the last look. */
export interface Seen {
  readonly seconds: number
  readonly questions: number
  /** Servers that were asked at all, ever. */
  readonly asked: number
  /** Milliseconds between two questions to a server that answered both times. */
  readonly gapMeanMs: number
  readonly gapP99Ms: number
  readonly gapMaxMs: number
}

type Question =
  | { readonly id: number; readonly do: 'open'; readonly net: number; readonly count: number }
  | { readonly id: number; readonly do: 'set'; readonly real: number; readonly mode: RealMode }
  | { readonly id: number; readonly do: 'look' }

export function realAddress(net: number, real: number): string {
  return `127.${net}.${real >> 8}.${real & 255}`
}

export class Reals {
  readonly net: number
  readonly count: number
  readonly #process: ChildProcess
  #id = 0

  private constructor(process: ChildProcess, net: number, count: number) {
    this.#process = process
    this.net = net
    this.count = count
  }

  static async open(net: number, count: number): Promise<Reals> {
    const reals = new Reals(fork(fileURLToPath(import.meta.url), ['serve']), net, count)
    await reals.#ask({ do: 'open', net, count })
    return reals
  }

  /** Resolves with the moment of the change on the monotonic clock, in milliseconds. */
  async set(real: number, mode: RealMode): Promise<number> {
    return (await this.#ask({ do: 'set', real, mode })) as number
  }

  /** What was seen since the last look. */
  async look(): Promise<Seen> {
    const seen = (await this.#ask({ do: 'look' })) as Seen
    // A number that there is not comes through the pipe as null.
    const gapMaxMs = seen.gapMaxMs ?? Number.NaN
    return {
      ...seen,
      gapMaxMs,
      gapMeanMs: seen.gapMeanMs ?? Number.NaN,
      gapP99Ms: seen.gapP99Ms ?? Number.NaN,
    }
  }

  close(): void {
    this.#process.disconnect()
  }

  async #ask(question: Record<string, unknown>): Promise<unknown> {
    const id = ++this.#id
    this.#process.send({ ...question, id })
    for (;;) {
      const [reply] = (await once(this.#process, 'message', { signal: AbortSignal.timeout(30_000) })) as [
        { id: number; value: unknown },
      ]
      if (reply.id === id) return reply.value
    }
  }
}

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

interface Real {
  readonly address: string
  readonly server: Server
  readonly sockets: Set<Socket>
  mode: RealMode
  /** null: not since it last changed. */
  askedMs: number | null
  wasAsked: boolean
}

class Farm {
  #reals: Real[] = []
  #gaps: number[] = []
  #questions = 0
  #sinceMs = monotonicMs()

  async open(net: number, count: number): Promise<void> {
    this.#reals = Array.from({ length: count }, (_, index) => {
      const sockets = new Set<Socket>()
      const server = createServer(socket => this.#serve(index, socket))
      return {
        address: realAddress(net, index),
        server,
        sockets,
        mode: 'answers',
        askedMs: null,
        wasAsked: false,
      }
    })
    for (const real of this.#reals) await listen(real)
  }

  async set(index: number, mode: RealMode): Promise<number> {
    const real = this.#reals[index]!
    const before = real.mode
    real.mode = mode
    real.askedMs = null
    if (mode === 'refuses' && before !== 'refuses') {
      real.server.close()
      for (const socket of real.sockets) socket.destroy()
    }
    if (mode !== 'refuses' && before === 'refuses') await listen(real)
    return monotonicMs()
  }

  look(): Seen {
    const now = monotonicMs()
    const gaps = this.#gaps.sort((a, b) => a - b)
    const seen = {
      seconds: (now - this.#sinceMs) / 1000,
      questions: this.#questions,
      asked: this.#reals.filter(real => real.wasAsked).length,
      gapMeanMs: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
      gapP99Ms: gaps[Math.floor(gaps.length * 0.99)] ?? Number.NaN,
      gapMaxMs: gaps.at(-1) ?? Number.NaN,
    }
    this.#gaps = []
    this.#questions = 0
    this.#sinceMs = now
    return seen
  }

  #serve(index: number, socket: Socket): void {
    const real = this.#reals[index]!
    const now = monotonicMs()
    if (real.askedMs !== null && real.mode !== 'silent') this.#gaps.push(now - real.askedMs)
    real.askedMs = now
    real.wasAsked = true
    this.#questions++
    real.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => real.sockets.delete(socket))
    socket.once('data', () => {
      if (real.mode !== 'silent') socket.end(real.mode === 'broken' ? BROKEN : ANSWER)
    })
  }
}

async function listen({ server, address }: Real): Promise<void> {
  server.listen({ host: address, port: REAL_PORT, backlog: 64 })
  await once(server, 'listening')
}

if (process.argv[2] === 'serve' && process.send !== undefined) {
  const farm = new Farm()
  process.on('disconnect', () => process.exit())
  process.on('message', async (question: Question) => {
    const { id } = question
    if (question.do === 'open') await farm.open(question.net, question.count)
    const value =
      question.do === 'look'
        ? farm.look()
        : question.do === 'set'
          ? await farm.set(question.real, question.mode)
          : null
    process.send!({ id, value })
  })
}
