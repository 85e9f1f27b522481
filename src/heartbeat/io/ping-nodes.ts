/**
 * The ping, ping6 and ping_group lines of ha.cf as nodes with addresses, and the port that asks them. A machine that cannot
 * ping (no rights, no native calls) has no ping nodes: it must not look as if it had lost them, because then it would
 * be the one to give up its resources.
 */
import { type Medium, pingNodeName } from '../config/media.js'
import type { LinkHandlers } from '../links/link.js'
import { addressOf } from '../links/open-links.js'
import { type PingNode, PingPort } from '../links/ping.js'
import { EXIT } from './configuration.js'
import { StartFailure } from './start-failure.js'
import type { LogLine } from './state-files.js'

type PingMedium = Extract<Medium, { kind: 'ping' | 'ping6' | 'ping_group' }>

/** A medium that asks a host instead of carrying heartbeats. */
export function isAsked(medium: Medium): medium is PingMedium {
  return pingNodeName(medium) !== null
}

export interface OpenedPings {
  readonly port: PingPort | null
  readonly lines: readonly LogLine[]
}

/** `nodes`: names that are taken. */
export async function openPingNodes(
  media: readonly Medium[],
  nodes: readonly string[],
  handlers: LinkHandlers,
): Promise<OpenedPings> {
  const lines: LogLine[] = []
  const pingNodes = new Map<string, PingNode>()
  for (const medium of media) {
    const name = pingNodeName(medium)
    if (name === null || !isAsked(medium)) continue
    if (nodes.includes(name) || pingNodes.has(name)) {
      const why = pingNodes.has(name) ? 'it is given twice' : 'a node of the cluster has that name'
      lines.push({ level: 'WARN', text: `${medium.kind} ${name} is not used: ${why}` })
      continue
    }
    const addresses = await addressesOf(medium, lines)
    if (addresses.length === 0) throw new StartFailure(EXIT.configuration, [`unknown host: ${name}`])
    pingNodes.set(name, { name, addresses, kind: medium.kind })
  }
  if (pingNodes.size === 0) return { port: null, lines }
  return { ...openPort([...pingNodes.values()], handlers, lines), lines }
}

function openPort(
  nodes: readonly PingNode[],
  handlers: LinkHandlers,
  lines: LogLine[],
): { port: PingPort | null } {
  const port = PingPort.open(nodes, handlers)
  if (!('reason' in port)) {
    // As the original says it, once a line of ha.cf.
    for (const { kind } of nodes) {
      lines.push({
        level: 'info',
        text: `glib: ping ${kind === 'ping_group' ? 'group ' : ''}heartbeat started.`,
      })
    }
    return { port }
  }
  const names = nodes.map(({ name }) => name).join(', ')
  const text = `cannot ping ${names} (${port.reason}): ping nodes and ipfail are left out, nothing is given up because of them`
  lines.push({ level: 'WARN', text })
  return { port: null }
}

async function addressesOf(medium: PingMedium, lines: LogLine[]): Promise<string[]> {
  if (medium.kind !== 'ping_group') {
    return [(await addressOf(medium.host, medium.kind === 'ping6' ? 6 : 4)) ?? []].flat()
  }
  const addresses: string[] = []
  for (const host of medium.hosts) {
    const address = await addressOf(host)
    if (address === null) lines.push({ level: 'WARN', text: `unknown host: ${host}` })
    else if (!addresses.includes(address)) addresses.push(address)
  }
  return addresses
}
