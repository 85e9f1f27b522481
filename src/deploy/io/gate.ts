/** The gate: what a host must pass while no client reaches it. So many passes in a row, within a limit. */
import { request } from 'node:http'
import { type Clock, passing, realClock } from '../../base/io/real-clock.js'

const BODY_BYTES_MAX = 256 * 1024

export interface UrlProbe {
  readonly address: string
  readonly port: number
  readonly path: string
  readonly virtualhost: string | null
  /** The body must hold it. */
  readonly expect: string | null
  /** This header must have this value. */
  readonly header: { readonly name: string; readonly value: string } | null
}

/** null: passed; else what was wrong. */
export type ProbeOnce = (timeoutMs: number) => Promise<string | null>

export async function pass(
  probe: ProbeOnce,
  rule: { readonly rise: number; readonly intervalMs: number; readonly timeoutMs: number },
  clock: Clock = realClock,
): Promise<string | null> {
  const untilMs = clock.nowMs() + rule.timeoutMs
  let inARow = 0
  let why: string | null = null
  for (;;) {
    const leftMs = untilMs - clock.nowMs()
    if (leftMs <= 0) return why ?? 'no probe was made in time'
    const fault = await probe(leftMs)
    inARow = fault === null ? inARow + 1 : 0
    // The last probe is cut off by the limit: what was wrong before it says more.
    if (fault !== null && (why === null || clock.nowMs() < untilMs - 1)) why = fault
    if (inARow >= rule.rise) return null
    await passing(clock, Math.min(rule.intervalMs, Math.max(0, untilMs - clock.nowMs())))
  }
}

export function probeUrl(probe: UrlProbe, timeoutMs: number): Promise<string | null> {
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(Math.min(timeoutMs, 10_000))))
    const asked = request(
      {
        host: probe.address,
        port: probe.port,
        path: probe.path,
        agent: false,
        signal,
        headers: probe.virtualhost === null ? {} : { host: probe.virtualhost },
      },
      answer => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (text: string) => {
          body = (body + text).slice(0, BODY_BYTES_MAX)
        })
        answer.on('error', error => resolve(error.message))
        answer.on('end', () => resolve(judged(probe, answer.statusCode ?? 0, answer.headers, body)))
      },
    )
    asked.on('error', error => resolve(signal.aborted ? 'no answer in time' : error.message))
    asked.end()
  })
}

function judged(
  { expect, header }: UrlProbe,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): string | null {
  if (status < 200 || status > 299) return `status ${status}`
  if (expect !== null && !body.includes(expect)) return `the body does not hold "${expect}"`
  const shown = header === null ? undefined : headers[header.name.toLowerCase()]
  if (header !== null && shown !== header.value)
    return `header ${header.name} is ${shown === undefined ? 'missing' : `"${shown}"`}, not the release ${header.value}`
  return null
}
