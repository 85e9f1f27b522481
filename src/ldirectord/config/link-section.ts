/**
 * One section with its names resolved, in the original's order: the fallback, the virtual service itself, then the real
 * servers. What it inherits from the globals is added later, because globals may follow the section.
 */
import type { ServiceKey } from '../core/table.js'
import type { Finding } from './finding.js'
import { linkFallback } from './link-fallback.js'
import { hostHelp, type LinkedReal, linkReal, unresolved } from './link-real.js'
import { lookUpHost, lookUpPort } from './lookup.js'
import type { Fallback, RealServer } from './model.js'
import type { Resolutions } from './resolutions.js'
import type { Source } from './source.js'
import type { Entry, FallbackEntry, Section } from './tree.js'

export interface LinkedSection {
  readonly section: Section
  readonly key: ServiceKey | null
  /** The port as written; `0` for a mark. */
  readonly portText: string
  readonly fallback: Fallback | null
  readonly reals: readonly RealServer[]
  /** Beside each real= line, for the warnings. */
  readonly lines: readonly { readonly entry: Entry; readonly linked: LinkedReal }[]
  readonly findings: readonly Finding[]
}

export function linkSection(
  section: Section,
  source: Source,
  resolutions: Resolutions | null,
  serversMax: number,
): LinkedSection {
  const { target, entries, family } = section
  const protocol = protocolOf(section)
  const portText = target?.kind === 'address' ? target.port : '0'
  const findings: Finding[] = []
  const fallbackEntry = entries.findLast(entry => entry.name === 'fallback' || entry.name === 'fallback6')
  let fallback: Fallback | null = null
  if (fallbackEntry !== undefined && target !== null) {
    const linked = linkFallback(fallbackEntry as FallbackEntry, [protocol], portText, source, resolutions)
    fallback = linked.fallback
    findings.push(...linked.findings)
  }
  const { key, finding } = linkTarget(section, protocol, source, resolutions)
  if (finding !== null) findings.push(finding)
  let room = serversMax
  const lines = entries
    .filter(entry => entry.name === 'real' || entry.name === 'real6')
    .map(entry => {
      const linked = linkReal(entry, family, source, resolutions, room)
      room -= linked.servers.length
      return { entry, linked }
    })
  for (const { linked } of lines) findings.push(...linked.findings)
  return {
    section,
    key,
    portText,
    fallback,
    reals: lines.flatMap(({ linked }) => linked.servers),
    lines,
    findings,
  }
}

/** As the section says, else fwm for a mark, udp for the port `53` or `domain`, tcp for the rest. */
function protocolOf(section: Section): 'tcp' | 'udp' | 'fwm' {
  if (section.target?.kind === 'mark') return 'fwm'
  const said = section.entries.findLast(entry => entry.name === 'protocol')?.value
  if (said === 'tcp' || said === 'udp') return said
  const port = section.target?.port
  return port === '53' || port === 'domain' ? 'udp' : 'tcp'
}

function linkTarget(
  section: Section,
  protocol: 'tcp' | 'udp' | 'fwm',
  source: Source,
  resolutions: Resolutions | null,
): { key: ServiceKey | null; finding: Finding | null } {
  const { target, family, span } = section
  if (target === null) return { key: null, finding: null }
  if (target.kind === 'mark' || protocol === 'fwm') {
    const mark = target.kind === 'mark' ? target.mark : 0
    return { key: { protocol: 'fwm', family, mark }, finding: null }
  }
  const host = lookUpHost(target.host, family, resolutions)
  const port = lookUpPort(target.port, protocol, resolutions)
  const refuse = (code: string, message: string, help: string, piece: string) => ({
    key: null,
    finding: source.finding({
      span: source.within(span, piece),
      severity: 'error',
      code,
      message,
      help,
      original: 'invalid address for virtual service',
    }),
  })
  if (host.state === 'failed') {
    return refuse('unresolved-host', unresolved(target.host, host), hostHelp(family), target.host)
  }
  if (port.state === 'failed') {
    const message = `port "${target.port}" is unknown: ${port.reason}`
    return refuse('unresolved-port', message, 'write the number of the port', target.port)
  }
  if (host.state === 'unasked' || port.state === 'unasked') return { key: null, finding: null }
  return { key: { protocol, family, address: host.value, port: port.value }, finding: null }
}
