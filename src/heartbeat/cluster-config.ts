/** From the files' values to what the cluster core and the clients are told. */
import type { HaCf } from './config/ha-cf-table.js'
import type { ClusterConfig, GroupName } from './core/cluster.js'
import { groupKey, type ResourceGroup } from './resources/plan/resource.js'
import { RELEASE } from './version.js'

export function groupNames(groups: readonly ResourceGroup[]): GroupName[] {
  return groups.map(group => ({ node: group.node, key: groupKey(group) }))
}

export type Identity = Pick<
  ClusterConfig,
  | 'us'
  | 'uuid'
  | 'generation'
  | 'links'
  | 'manageResources'
  | 'heldAtStart'
  | 'random'
  | 'wallSeconds'
  | 'loadAverage'
>

export function clusterConfig(
  haCf: HaCf,
  groups: readonly ResourceGroup[],
  identity: Identity,
): ClusterConfig {
  return {
    ...identity,
    nodes: haCf.node,
    // Ping links are not opened yet: a ping node that nobody asks would be dead for ever.
    pingNodes: [],
    keepaliveMs: haCf.keepalive,
    deadtimeMs: haCf.deadtime,
    warntimeMs: haCf.warntime,
    initdeadMs: haCf.initdead,
    deadpingMs: haCf.deadping,
    autoFailback: haCf.auto_failback,
    maxRexmitDelayMs: haCf.max_rexmit_delay,
    hopfudge: haCf.hopfudge,
    groups: groupNames(groups),
  }
}

/** Directives that daemons, clients and scripts of old know but that change nothing here; each is said once. */
const LATER = [
  'respawn',
  'failfast',
  'watchdog',
  'stonith',
  'stonith_host',
  'use_apphbd',
  'autojoin',
] as const

/** Names of directives that ha.cf gives and that are not acted upon yet. */
export function notActedUpon(haCf: HaCf): string[] {
  return LATER.filter(name => haCf.places.has(name) || hasEntries(haCf, name))
}

function hasEntries(haCf: HaCf, name: (typeof LATER)[number]): boolean {
  const value: unknown = (haCf as unknown as Record<string, unknown>)[name]
  return Array.isArray(value) && value.length > 0
}

/** What getparm answers and what scripts find as HA_*. */
export function parametersOf(haCf: HaCf): Map<string, string> {
  return new Map([...haCf.recorded, ['hbversion', RELEASE]])
}
