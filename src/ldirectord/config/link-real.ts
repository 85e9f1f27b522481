/** real= and real6= with their names resolved: one server, or the servers of a range. */
import { ipv4Number, ipv4Text } from './address.js'
import type { Finding } from './finding.js'
import { type Lookup, lookUpHost, lookUpPort } from './lookup.js'
import type { RealServer } from './model.js'
import { type RealText, readReal } from './real-line.js'
import type { Resolutions } from './resolutions.js'
import type { Source } from './source.js'
import type { Entry } from './tree.js'

/** More servers than anybody can mean in one file, ranges expanded; the original has no limit. */
export const SERVERS_MAX = 65_536

export interface LinkedReal {
  readonly servers: readonly RealServer[]
  readonly findings: readonly Finding[]
  readonly text: RealText | null
  /** False: refused, or a name was not asked for. */
  readonly complete: boolean
}

export function linkReal(
  entry: Entry,
  family: 4 | 6,
  source: Source,
  resolutions: Resolutions | null,
  room: number,
): LinkedReal {
  const text = readReal(entry.text)
  const span = entry.span
  const refuse = (
    code: string,
    message: string,
    help: string,
    piece: string,
    original?: string,
  ): LinkedReal => ({
    servers: [],
    text,
    complete: false,
    findings: [
      source.finding({
        span: source.within(span, piece),
        severity: 'error',
        code,
        message,
        help,
        ...(original === undefined ? {} : { original }),
      }),
    ],
  })
  if (text === null) {
    const form = `${entry.name}=${family === 6 ? '[IPV6]' : 'HOST'}:PORT gate|masq|ipip [WEIGHT]`
    const bare = /^\S+$/.test(entry.text.trim())
    return refuse(
      'real-format',
      `${entry.name} wants an address and a forwarding method; found "${entry.text.trim()}"`,
      bare ? `write ${entry.name}=${entry.text.trim()} gate (or masq, ipip)` : `write ${form}`,
      '',
      'invalid address for real server (wrong format)',
    )
  }
  const host = lookUpHost(text.host, family, resolutions)
  if (host.state === 'failed') {
    const original = `invalid address (${text.host}) for real server (could not resolve host)`
    return refuse('unresolved-host', unresolved(text.host, host), hostHelp(family), text.host, original)
  }
  const port: Lookup<number> =
    text.port === null ? { state: 'known', value: 0 } : lookUpPort(text.port, 'any', resolutions)
  if (port.state === 'failed') {
    const original = `invalid port (${text.port}) for real server (could not resolve port)`
    return refuse(
      'unresolved-port',
      `port "${text.port}" is unknown: ${port.reason}`,
      'write the number of the port',
      text.port!,
      original,
    )
  }
  const end = text.endHost === null ? host : lookUpHost(text.endHost, family, resolutions)
  if (end.state === 'failed') {
    const original = `invalid address (${text.endHost}) for real server (could not resolve end host)`
    return refuse(
      'unresolved-host',
      unresolved(text.endHost!, end),
      hostHelp(family),
      text.endHost!,
      original,
    )
  }
  if (text.endHost !== null && family === 6) {
    const original = 'Address range for IPv6 is not supported yet'
    return refuse(
      'ipv6-range',
      'a range wants IPv4 addresses',
      'write one real6= line for each server',
      text.endHost,
      original,
    )
  }
  const asked = host.state === 'known' && end.state === 'known' && port.state === 'known'
  if (host.state === 'known' && end.state === 'known' && text.endHost !== null) {
    const size = ipv4Number(end.value) - ipv4Number(host.value) + 1
    if (size < 1) {
      const original = `Invalid Range: ${host.value}-${end.value}: First value must be greater than or equal to the second value`
      return refuse(
        'range-order',
        `a range wants its lower address first; found ${host.value}->${end.value}`,
        `write ${end.value}->${host.value}`,
        text.host,
        original,
      )
    }
    if (size > room) {
      const message = `a file wants at most ${SERVERS_MAX} servers; found ${size} more in this range`
      return refuse('too-many-servers', message, 'write smaller ranges', text.host)
    }
  }
  const { options } = text
  if ('refused' in options) {
    const method = options.refused.startsWith('forward')
    return refuse(
      method ? 'forward-method' : 'real-rest',
      method
        ? `${entry.name} wants gate, masq or ipip behind the address; found "${options.at}"`
        : `${entry.name} wants [WEIGHT] ["REQUEST","RECEIVE"] [l:N] [u:N] behind the method; found "${options.at}"`,
      method ? 'write gate (direct routing), masq (NAT) or ipip (tunnel)' : 'remove what stands there',
      options.at,
      options.refused,
    )
  }
  if (!asked) return { servers: [], findings: [], text, complete: false }
  return {
    servers: expand(host.value, end.value, family).map(address => ({
      text: entry.text,
      line: span.line,
      address,
      port: port.value,
      method: options.method,
      weight: options.weight,
      upper: options.upper,
      lower: options.lower,
      request: options.pair?.request ?? null,
      receive: options.pair?.receive ?? null,
    })),
    findings: [],
    text,
    complete: true,
  }
}

function expand(from: string, to: string, family: 4 | 6): string[] {
  if (family === 6 || from === to) return [from]
  const first = ipv4Number(from)
  return Array.from({ length: ipv4Number(to) - first + 1 }, (_, i) => ipv4Text(first + i))
}

export function unresolved(host: string, lookup: { readonly reason: string }): string {
  return `"${host}" has no address: ${lookup.reason}`
}

export function hostHelp(family: 4 | 6): string {
  return family === 6
    ? 'write [ADDRESS], or a name of /etc/hosts or DNS that has an IPv6 address'
    : 'write an address, or a name of /etc/hosts or DNS that has an IPv4 address'
}
