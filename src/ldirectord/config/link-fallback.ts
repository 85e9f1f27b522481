/** fallback= and fallback6= with their names resolved. */

import type { Finding } from './finding.js'
import { hostHelp, unresolved } from './link-real.js'
import { lookUpHost, lookUpPort } from './lookup.js'
import type { Fallback } from './model.js'
import type { Resolutions } from './resolutions.js'
import type { Protocol } from './service-names.js'
import type { Source } from './source.js'
import type { FallbackEntry } from './tree.js'

export interface LinkedFallback {
  readonly fallback: Fallback | null
  readonly findings: readonly Finding[]
}

/**
 * `protocols`: a name of a port must be known for each of them (a global fallback serves tcp and udp).
 * `defaultPort`: the port text of the section; null for a global fallback.
 */
export function linkFallback(
  entry: FallbackEntry,
  protocols: readonly Protocol[],
  defaultPort: string | null,
  source: Source,
  resolutions: Resolutions | null,
): LinkedFallback {
  const { host: hostText, family, method, ignored, isSorry } = entry.value
  const findings: Finding[] = []
  const add = (code: string, message: string, help: string, piece: string, original?: string): void => {
    const span = source.within(entry.span, piece)
    const severity = original === undefined ? 'warning' : 'error'
    findings.push(
      source.finding({
        span,
        severity,
        code,
        message,
        help,
        ...(original === undefined ? {} : { original }),
      }),
    )
  }
  if (isSorry) {
    if (protocols.includes('tcp')) {
      const { line } = entry.span
      return { fallback: { address: '', port: null, method: 'masq', line, isSorry: true }, findings }
    }
    add(
      'sorry-without-tcp',
      `${entry.name}=sorry wants a virtual service of protocol tcp: it answers by HTTP`,
      'name a server',
      'sorry',
      'invalid fallback server',
    )
    return { fallback: null, findings }
  }
  if (ignored !== '') {
    add(
      'ignored-words',
      `${entry.name} takes its last two words; "${ignored}" is ignored`,
      'remove it',
      ignored,
    )
  }
  if (entry.text.trim() === '') {
    add(
      'empty-fallback',
      `${entry.name} without a host means ${hostText}`,
      `write ${entry.name}=${hostText}`,
      '',
    )
  }
  const host = lookUpHost(hostText, family, resolutions)
  if (host.state === 'failed') {
    const original = `invalid IPv${family} address or could not resolve for fallback server: ${hostText}`
    add('unresolved-host', unresolved(hostText, host), hostHelp(family), hostText, original)
    return { fallback: null, findings }
  }
  const portText = entry.value.port ?? defaultPort
  let port: number | null = null
  for (const protocol of portText === null ? [] : protocols) {
    const found = lookUpPort(portText!, protocol, resolutions)
    if (found.state === 'unasked') return { fallback: null, findings }
    if (found.state === 'failed') {
      const message = `port "${portText}" is unknown: ${found.reason}`
      add(
        'unresolved-port',
        message,
        'write the number of the port',
        portText!,
        'invalid port for fallback server',
      )
      return { fallback: null, findings }
    }
    port ??= found.value
  }
  if (host.state === 'unasked') return { fallback: null, findings }
  return { fallback: { address: host.value, port, method, line: entry.span.line }, findings }
}
