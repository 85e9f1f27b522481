/**
 * `service=http` and `https`: up when the last answer of at most seven redirects is 2xx and matches `receive`.
 * Each check uses one connection of its own and node's plain client without an agent: undici's pool would cost four
 * times as much and keep sockets, and an agent for one connection costs a fifth of the whole check. Most plain questions
 * do not get here: quick.ts asks them, and gives what is not its own.
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Socket, connect as tcp } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { endpoint } from '../core/table.js'
import { type Check, failed, type Outcome, type Probe, type Progress } from './check.js'
import {
  Body,
  escapePath,
  type HttpAnswer,
  hasBody,
  httpVerdict,
  isRedirect,
  REDIRECTS_MAX,
  USER_AGENT,
} from './http-answer.js'
import { noteCertificate, tlsOptions } from './tls.js'

const ONCE = { once: true }

export interface Question {
  readonly isSecure: boolean
  /** Name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly path: string
  /** The Host header. */
  readonly hostHeader: string
}

export const checkHttp: Check = (probe, signal, progress) => follow(null, probe, signal, progress)

/** From where the first question has its answer (quick.ts), or a connection on which it was asked. */
export const checkHttpFrom =
  (first: HttpAnswer | Socket): Check =>
  (probe, signal, progress) =>
    follow(first, probe, signal, progress)

async function follow(
  first: HttpAnswer | Socket | null,
  probe: Probe,
  signal: AbortSignal,
  progress: Progress,
): Promise<Outcome> {
  let question = firstQuestion(probe)
  if (question === null) return failed('ERROR', `request is no URL: ${probe.request}`)
  let known = first
  for (let redirects = 0; ; redirects++) {
    const answer =
      known === null || known instanceof Socket ? await ask(question, known, probe, signal, progress) : known
    known = null
    const target = isRedirect(answer.status) ? answer.location : undefined
    if (target === undefined) return httpVerdict(answer, probe)
    if (redirects === REDIRECTS_MAX) return failed('L7STS', `more than ${REDIRECTS_MAX} redirects`)
    question = questionOf(target, question)
    if (question === null)
      return failed('L7STS', `${answer.statusLine}: cannot follow ${target.slice(0, 200)}`)
  }
}

/** The Host header of the first question is virtualhost, else the address without its port (measured). */
export function firstQuestion(probe: Probe): Question | null {
  const bare = probe.address.includes(':') ? `[${probe.address}]` : probe.address
  const hostHeader = probe.virtualhost ?? bare
  if (/^https?:\/\//.test(probe.request)) {
    const absolute = questionOf(escapePath(probe.request), null)
    return absolute && { ...absolute, hostHeader }
  }
  const { address: host, port } = probe
  return { isSecure: probe.service === 'https', host, port, path: escapePath(probe.request), hostHeader }
}

function questionOf(location: string, from: Question | null): Question | null {
  const base = from && `${from.isSecure ? 'https' : 'http'}://${endpoint(from.host, from.port)}${from.path}`
  if (!URL.canParse(location, base ?? undefined)) return null
  const url = new URL(location, base ?? undefined)
  if (!/^https?:$/.test(url.protocol)) return null
  const isSecure = url.protocol === 'https:'
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    hostHeader: url.host,
  }
}

export const headersOf = ({ hostHeader }: Question) => ({
  Host: hostHeader,
  'User-Agent': USER_AGENT,
  Connection: 'close',
})

/** One question and its whole answer. Nothing is left open when the promise settles or the signal aborts. */
async function ask(
  question: Question,
  asked: Socket | null,
  probe: Probe,
  signal: AbortSignal,
  progress: Progress,
): Promise<HttpAnswer> {
  if (asked === null) progress.reached = 'connecting'
  const { host, port } = question
  const options: RequestOptions = {
    host,
    port,
    path: question.path,
    method: probe.httpmethod,
    headers: headersOf(question),
    // Servers that end lines with a bare newline are up for the original, and so they are here.
    insecureHTTPParser: true,
    ...(question.isSecure
      ? { agent: false, ...(await tlsOptions(probe, host)) }
      : { createConnection: () => asked ?? tcp({ host, port }) }),
  }
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const request = question.isSecure ? requestHttps(options) : requestHttp(options)
    request.once('socket', socket => {
      socket.once('connect', () => {
        progress.reached = question.isSecure ? 'securing' : 'asking'
      })
      socket.once('secureConnect', () => {
        progress.reached = 'asking'
        noteCertificate(socket as TLSSocket, probe, progress)
      })
    })
    // By hand: the option `signal` of node costs as much as the rest of a check's own work.
    const abort = (): void => {
      request.destroy()
    }
    signal.addEventListener('abort', abort, ONCE)
    const finish = (whole: HttpAnswer): void => {
      resolve(whole)
      request.destroy()
    }
    let answer: IncomingMessage | null = null
    // Stays for the life of the request: what a socket says while it is being destroyed is no news, nor is what follows
    // a complete answer: some servers count wrong.
    request.on('error', error => {
      if (!answer?.complete) reject(error)
    })
    request.once('response', response => {
      answer = response
      readAnswer(response, probe, finish, reject)
    })
    request.end()
  })
}

/** Calls `finish` with the whole answer, or with its head when no body can change the verdict. */
function readAnswer(
  response: IncomingMessage,
  probe: Probe,
  finish: (answer: HttpAnswer) => void,
  reject: (error: Error) => void,
): void {
  const status = response.statusCode ?? 0
  const head = {
    status,
    statusLine: `${status} ${response.statusMessage ?? ''}`.trim(),
    location: response.headers.location,
  }
  response.on('error', reject)
  if (!hasBody(status, probe)) {
    finish({ ...head, body: null })
    return
  }
  const body = new Body(probe)
  response.on('data', (chunk: Buffer) => {
    if (!body.add(chunk)) finish({ ...head, body })
  })
  // Before node's own listener, which would take leave of the server at length.
  response.prependListener('end', () => finish({ ...head, body }))
}
