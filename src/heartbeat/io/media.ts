/** The media of ha.cf as sockets: what can be used, planned for this machine and opened, or a StartFailure. */

import type { Medium } from '../config/media.js'
import type { Link, LinkHandlers } from '../links/link.js'
import type { LinkPlan, MediaLine } from '../links/link-plan.js'
import { openLinks, readMachine, resolveMediaLines } from '../links/open-links.js'
import { planLinks } from '../links/plan.js'
import { EXIT } from './configuration.js'
import { StartFailure } from './start-failure.js'
import type { LogLine } from './state-files.js'

export interface PlannedMedia {
  readonly plans: readonly LinkPlan[]
  readonly lines: readonly LogLine[]
}

/** null: a host that is asked, not a way for heartbeats. */
function mediaLine(medium: Medium): MediaLine | null {
  const { line } = medium.place.span
  switch (medium.kind) {
    case 'ucast':
    case 'ucast6': {
      const { kind, device, address, udpport } = medium
      return { directive: kind, line, device, address, port: udpport }
    }
    case 'bcast':
      return { directive: 'bcast', line, device: medium.device, port: medium.udpport }
    case 'mcast':
    case 'mcast6': {
      const { kind, device, group, port, ttl, loop } = medium
      return { directive: kind, line, device, group, port, ttl, loop }
    }
    case 'serial':
      return { directive: 'serial', line, device: medium.device, baud: medium.baud }
    case 'ping':
    case 'ping6':
    case 'ping_group':
      return null
  }
}

/** `listen`: own addresses that the interfaces do not tell (HA_LISTEN). */
export async function planMedia(media: readonly Medium[], listen: readonly string[]): Promise<PlannedMedia> {
  const usable = media.flatMap(medium => mediaLine(medium) ?? [])
  const lines: LogLine[] = []
  const resolved = await resolveMediaLines(usable)
  if (!Array.isArray(resolved)) throw new StartFailure(EXIT.configuration, [resolved.reason])
  const { plans, problems } = planLinks(resolved, await readMachine(listen))
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  if (errors.length > 0) throw new StartFailure(EXIT.media, errors)
  if (plans.length === 0) {
    const report = 'none of the media in ha.cf can be used: add for example a ucast, bcast or serial line'
    throw new StartFailure(EXIT.configuration, [report])
  }
  for (const { severity, message } of problems) {
    lines.push({ level: severity === 'warning' ? 'WARN' : 'info', text: message })
  }
  return { plans, lines }
}

export async function openMedia(
  plans: readonly LinkPlan[],
  handlers: LinkHandlers,
): Promise<readonly Link[]> {
  const links = await openLinks(plans, handlers)
  if (!('reason' in links)) return links
  const rights = links.code === 'EACCES' || links.code === 'EPERM'
  throw new StartFailure(rights ? EXIT.rights : EXIT.media, [links.reason])
}

/** As the original tells that a medium is ready. */
export function mediumStarted(plan: LinkPlan): string {
  switch (plan.kind) {
    case 'ucast':
      return `ucast: started on port ${plan.port} interface ${plan.device} to ${plan.peers.join(', ')}`
    case 'bcast':
      return `UDP Broadcast heartbeat started on port ${plan.port} (${plan.port}) interface ${plan.device}`
    case 'mcast':
      return `UDP multicast heartbeat started for group ${plan.group} port ${plan.port} interface ${plan.device} (ttl=${plan.ttl} loop=${plan.loop ? 1 : 0})`
    case 'ucast6':
      return `ucast6: heartbeat started for [${plan.peers.join('], [')}]:${plan.port} on interface ${plan.device}`
    case 'mcast6':
      return `UDP multicast heartbeat started for [${plan.group.split('%', 1)[0]}]:${plan.port} on interface ${plan.device} (hops=${plan.ttl} loop=${plan.loop ? 1 : 0})`
    case 'serial':
      return `Starting serial heartbeat on tty ${plan.device} (${plan.baud} baud)`
  }
}
