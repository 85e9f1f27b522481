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
      links: node.links,
    })),
    keepaliveMs: settings.keepaliveMs,
    deadtimeMs: settings.deadtimeMs,
    version: settings.version,
    logfacility: settings.logfacility,
    parameters: settings.parameters,
    resources: settings.managesResources ? status.resources.rscstatus : null,
  }
}
