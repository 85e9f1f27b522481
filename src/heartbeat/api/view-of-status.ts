/** The core's status as clients may see it. */
import type { ClusterStatus, NodeReport } from '../core/cluster.js'
import type { ClusterView } from './cluster-view.js'

export interface ViewSettings {
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly version: string
  readonly logfacility: number
  readonly parameters: ReadonlyMap<string, string>
  readonly managesResources: boolean
  /** Ping nodes that ha.cf names before its nodes: listed first. */
  readonly pingsAhead: readonly string[]
}

export function viewOf(status: ClusterStatus, settings: ViewSettings): ClusterView {
  return {
    us: status.us,
    nodes: inOrder(status.nodes, settings.pingsAhead).map(node => ({
      name: node.name,
      type: node.type,
      status: node.status,
      weight: node.weight,
      site: node.site,
      uuid: node.uuid ?? null,
      // We do not send to ourselves; a link that is open is up.
      links: node.name === status.us ? node.links.map(link => ({ ...link, status: 'up' })) : node.links,
    })),
    keepaliveMs: settings.keepaliveMs,
    deadtimeMs: settings.deadtimeMs,
    version: settings.version,
    logfacility: settings.logfacility,
    parameters: new Map([...settings.parameters, ...failedGroups(status)]),
    resources: settings.managesResources ? status.resources.rscstatus : null,
  }
}

/**
 * `failed_groups`, which no ha.cf gives: so that `cl_status hbparameter -p failed_groups` tells what failed on this node,
 * also that of the original's package. Unset where nothing failed.
 */
function failedGroups({ resources }: ClusterStatus): [string, string][] {
  const failed = resources.failed.map(({ key, what }) => `${key} (${what})`)
  return failed.length === 0 ? [] : [['failed_groups', failed.join(' ')]]
}

function inOrder(nodes: readonly NodeReport[], ahead: readonly string[]): NodeReport[] {
  const isAhead = ({ name, type }: NodeReport): boolean => type === 'ping' && ahead.includes(name)
  return [...nodes.filter(isAhead), ...nodes.filter(node => !isAhead(node))]
}
