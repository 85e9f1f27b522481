/**
 * `service=http_proxy`: the server is a proxy that is asked for `request`, a complete URL: plainly for http, through a
 * tunnel for https. Redirects are followed through the same proxy; the verdict is that of service=http.
 */
import type { Socket } from 'node:net'
import { Client, type Dispatcher, ProxyAgent, request } from 'undici'
import { endpoint } from '../../core/table.js'
import { type Check, failed, type Probe } from '../check.js'
import {
  Body,
  escapePath,
  type HttpAnswer,
  hasBody,
  httpVerdict,
  isRedirect,
  REDIRECTS_MAX,
  USER_AGENT,
} from '../http-answer.js'
import { opened, type StreamOptions, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'
import { type TlsOptions, tlsOptions } from '../tls.js'

export const checkHttpProxy: Check = async (probe, signal, progress) => {
  let url = /^https?:\/\//.test(probe.request) ? parse(escapePath(probe.request)) : null
  if (url === null) return failed('ERROR', 'service=http_proxy needs a complete URL as its request')
  // Of TLS through the tunnel the name is that of the URL; the library fills it in.
  const { servername: _ours, ...tls } = await tlsOptions(probe)
  const agent = proxyAgent(probe, { secure: null, signal, progress }, tls)
  try {
    for (let redirects = 0; ; redirects++) {
      const answer = await ask(url, agent, probe, signal)
      const target = isRedirect(answer.status) ? answer.location : undefined
      if (target === undefined) return httpVerdict(answer, probe)
      if (redirects === REDIRECTS_MAX) return failed('L7STS', `more than ${REDIRECTS_MAX} redirects`)
      url = parse(target, url)
      if (url === null) return failed('L7STS', `${answer.statusLine}: cannot follow ${target.slice(0, 200)}`)
    }
  } catch (error) {
    if (progress.reached !== 'asking') throw error
    const { code, name, message } = error as NodeJS.ErrnoException
    if (name === 'HTTPParserError') throw protocolFault(`the answer is not HTTP: ${message}`)
    throw code?.startsWith('UND_ERR') ? protocolFault(message) : error
  } finally {
    void agent.destroy()
  }
}

function parse(text: string, base?: URL): URL | null {
  if (!URL.canParse(text, base?.href)) return null
  const url = new URL(text, base)
  return /^https?:$/.test(url.protocol) ? url : null
}

/** Every connection that the agent makes is one to the proxy, followed like those of the other checks. */
function proxyAgent(probe: Probe, options: StreamOptions, tls: Omit<TlsOptions, 'servername'>): ProxyAgent {
  const connect = (_to: unknown, done: (error: Error | null, socket: Socket | null) => void): void => {
    const socket = startStream(probe, options)
    opened(socket, false).then(
      () => done(null, socket),
      error => done(error, null),
    )
  }
  const uri = `http://${endpoint(probe.address, probe.port)}`
  // For what lies behind a tunnel the agent brings a connect of its own, which asks the proxy for it.
  const client = (origin: URL | string, options: object): Dispatcher =>
    new Client(origin, {
      ...options,
      ...(new URL(origin).origin === new URL(uri).origin && { connect: connect as never }),
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  return new ProxyAgent({
    uri,
    proxyTunnel: false,
    factory: client,
    clientFactory: client,
    requestTls: { ...tls },
  })
}

async function ask(url: URL, agent: ProxyAgent, probe: Probe, signal: AbortSignal): Promise<HttpAnswer> {
  const { statusCode, statusText, headers, body } = await request(url, {
    dispatcher: agent,
    method: probe.httpmethod,
    headers: { 'User-Agent': USER_AGENT },
    signal,
  })
  const location = headers.location
  const head = {
    status: statusCode,
    statusLine: `${statusCode} ${statusText}`.trim(),
    location: typeof location === 'string' ? location : undefined,
  }
  if (!hasBody(statusCode, probe)) {
    body.destroy()
    body.on('error', () => {})
    return { ...head, body: null }
  }
  const read = new Body(probe)
  for await (const chunk of body as AsyncIterable<Buffer>) if (!read.add(chunk)) break
  return { ...head, body: read }
}
