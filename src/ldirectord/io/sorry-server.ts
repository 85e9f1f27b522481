/**
 * The page of `fallback=sorry`: an HTTP server of ldirectord's own on each sorryport, which the table names as the
 * fallback of its virtual services. Every request gets 503 and the page of the address that was asked. Its limits are
 * tight on purpose: with all servers down every client comes here, and the checks must go on.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readSmallFile } from '../../base/io/files.js'
import { nowMs } from '../../base/io/real-clock.js'
import type { LdirectordConfig } from '../config/model.js'
import { canonicalAddress } from '../core/address.js'

const PAGE_BYTES_MAX = 1_048_576
const CONNECTIONS_MAX = 500
const REQUEST_MS_MAX = 10_000
const RETRY_MS = 5_000
const BUILT_IN_PAGE = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Service unavailable</title></head>
<body><h1>Service unavailable</h1><p>Sorry, no server can answer at the moment. Please try again later.</p></body></html>
`

interface Answer {
  readonly page: Buffer
  readonly retryAfter: number
}

export class SorryServer {
  /** By `ADDRESS PORT`; the first virtual service of the file with these wins. */
  #answers: ReadonlyMap<string, Answer> = new Map()
  #ports: ReadonlySet<number> = new Set()
  readonly #servers = new Map<number, Server>()
  /** Ports that another program has; told once. */
  readonly #refused = new Set<number>()
  readonly #warn: (sentence: string) => void
  #triedAtMs = 0

  constructor(warn: (sentence: string) => void) {
    this.#warn = warn
  }

  /** Answers as this file says from now on. Resolves when each port listens, or its failure was told. */
  async use(config: LdirectordConfig): Promise<void> {
    const answers = new Map<string, Answer>()
    const ports = new Set<number>()
    for (const { key, sorry } of config.virtuals) {
      if (sorry === null || key.protocol === 'fwm') continue
      const place = `${canonicalAddress(key.address)} ${sorry.port}`
      if (!answers.has(place)) {
        answers.set(place, { page: this.#read(sorry.page), retryAfter: sorry.retryAfter })
      }
      ports.add(sorry.port)
    }
    this.#answers = answers
    this.#ports = ports
    for (const [port, server] of this.#servers) if (!ports.has(port)) this.#end(port, server)
    for (const port of this.#refused) if (!ports.has(port)) this.#refused.delete(port)
    await this.#listen()
  }

  /** Tries the ports again that were taken. To be called now and then. */
  retry(): void {
    if (this.#refused.size === 0 || nowMs() - this.#triedAtMs < RETRY_MS) return
    this.#triedAtMs = nowMs()
    void this.#listen()
  }

  close(): void {
    for (const [port, server] of this.#servers) this.#end(port, server)
  }

  #end(port: number, server: Server): void {
    this.#servers.delete(port)
    server.close()
    server.closeAllConnections()
  }

  async #listen(): Promise<void> {
    const missing = [...this.#ports].filter(port => !this.#servers.has(port))
    await Promise.all(missing.map(port => this.#open(port)))
  }

  #open(port: number): Promise<void> {
    const server = createServer((request, response) => this.#answer(port, request, response))
    server.maxConnections = CONNECTIONS_MAX
    server.requestTimeout = REQUEST_MS_MAX
    server.headersTimeout = REQUEST_MS_MAX
    this.#servers.set(port, server)
    return new Promise(resolve => {
      server.once('error', error => {
        this.#servers.delete(port)
        if (!this.#refused.has(port)) {
          this.#warn(
            `fallback=sorry cannot listen on port ${port}: ${error.message}; choose another sorryport`,
          )
        }
        this.#refused.add(port)
        resolve()
      })
      // Without an address: whatever the machine has, now or after a takeover.
      server.listen({ port, exclusive: true }, () => {
        server.removeAllListeners('error')
        server.on('error', () => {}) // of one accept; the server goes on
        this.#refused.delete(port)
        resolve()
      })
    })
  }

  #answer(port: number, request: IncomingMessage, response: ServerResponse): void {
    const asked = (request.socket.localAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/, '')
    const { page, retryAfter } = this.#answers.get(`${canonicalAddress(asked)} ${port}`) ?? DEFAULT_ANSWER
    response.writeHead(503, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': page.length,
      'Cache-Control': 'no-store',
      Connection: 'close',
      ...(retryAfter > 0 && { 'Retry-After': retryAfter }),
    })
    response.end(page)
    request.resume()
  }

  #read(path: string | null): Buffer {
    if (path === null) return DEFAULT_ANSWER.page
    try {
      return readSmallFile(path, PAGE_BYTES_MAX)
    } catch (error) {
      this.#warn(`sorrypage=${path} cannot be used: ${(error as Error).message}; the built-in page stands in`)
      return DEFAULT_ANSWER.page
    }
  }
}

const DEFAULT_ANSWER: Answer = { page: Buffer.from(BUILT_IN_PAGE), retryAfter: 0 }
