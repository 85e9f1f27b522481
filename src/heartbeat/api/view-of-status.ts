/** The core's status as clients may see it. */
import type { ClusterStatus } from '../core/cluster.js'
import type { ClusterView } from './cluster-view.js'

export interface ViewSettings {
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly version: string
  readonly logfacility: number
  readonly parameters: ReadonlyMap<string, string>
  readonly managesResources: boolean
}

export function viewOf(status: ClusterStatus, settings: ViewSettings): ClusterView {
  return {
    us: status.us,
    nodes: status.nodes.map(node => ({
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
    parameters: settings.parameters,
    resources: settings.managesResources ? status.resources.rscstatus : null,
  }
}
