/** From the files' values to what the cluster core and the clients are told. */
import { createHash } from 'node:crypto'
import { FACILITIES } from '../log/formats.js'
import type { ViewSettings } from './api/view-of-status.js'
import type { HaCf } from './config/ha-cf-table.js'
import { pingNodeName } from './config/media.js'
import type { ClusterConfig, Fingerprint, GroupName, Settings } from './core/cluster.js'
import { type ScriptSettings, scriptEnvironment } from './resources/plan/environment.js'
import type { Begin } from './resources/plan/protocol.js'
import { groupKey, groupText, type ResourceGroup } from './resources/plan/resource.js'
import type { RunnerSettings } from './resources/plan/settings.js'
import { RELEASE, VERSION } from './version.js'

export function groupNames(groups: readonly ResourceGroup[]): GroupName[] {
  return groups.map(group => ({ node: group.node, key: groupKey(group) }))
}

/** What may change while the cluster runs. */
export function settingsOf(haCf: HaCf): Settings {
  return {
    keepaliveMs: haCf.keepalive,
    deadtimeMs: haCf.deadtime,
    warntimeMs: haCf.warntime,
    initdeadMs: haCf.initdead,
    deadpingMs: haCf.deadping,
    autoFailback: haCf.auto_failback,
  }
}

/** By what the nodes compare their files. Times in milliseconds. */
export function fingerprints(haCf: HaCf, groups: readonly ResourceGroup[]): Fingerprint[] {
  const { keepaliveMs, deadtimeMs, warntimeMs, initdeadMs, autoFailback } = settingsOf(haCf)
  return [
    { name: 'haresources', value: digest(groups.map(groupText)) },
    { name: 'node', value: digest(haCf.node) },
    { name: 'keepalive', value: String(keepaliveMs) },
    { name: 'deadtime', value: String(deadtimeMs) },
    { name: 'warntime', value: String(warntimeMs) },
    { name: 'initdead', value: String(initdeadMs) },
    { name: 'auto_failback', value: autoFailback },
  ]
}

/** Enough to tell two files apart; it protects nothing. */
const digest = (texts: readonly string[]): string =>
  createHash('sha256').update(texts.join('\n'), 'latin1').digest('hex').slice(0, 12)

export type Identity = Required<Pick<ClusterConfig, 'pid'>> &
  Pick<
    ClusterConfig,
    | 'us'
    | 'uuid'
    | 'generation'
    | 'links'
    | 'pingNodes'
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
    ...settingsOf(haCf),
    nodes: haCf.node,
    maxRexmitDelayMs: haCf.max_rexmit_delay,
    hopfudge: haCf.hopfudge,
    rebootsOnStopFailure: haCf.resource_stop_failure === 'reboot',
    groups: groupNames(groups),
    fingerprints: fingerprints(haCf, groups),
  }
}

/** Directives that daemons, clients and scripts of old know but that change nothing here; each is said once. */
const LATER = ['watchdog', 'stonith', 'stonith_host', 'use_apphbd', 'autojoin'] as const

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

/** What clients are told about this daemon besides the state of the cluster. */
export function viewSettings(haCf: HaCf, managesResources: boolean): ViewSettings {
  return {
    keepaliveMs: haCf.keepalive,
    deadtimeMs: haCf.deadtime,
    version: VERSION,
    logfacility: FACILITIES[haCf.logfacility ?? ''] ?? -1,
    parameters: parametersOf(haCf),
    managesResources,
    pingsAhead: pingsAhead(haCf),
  }
}

function pingsAhead(haCf: HaCf): string[] {
  const nodesAt = haCf.places.get('node')?.span.line ?? 0
  return haCf.media
    .filter(({ place }) => place.span.line < nodesAt)
    .flatMap(medium => pingNodeName(medium) ?? [])
}

/** How running resources are watched and announced. */
function runnerSettings(haCf: HaCf): RunnerSettings {
  return {
    monitorMs: haCf.resource_monitor,
    monitorTimeoutMs: haCf.resource_monitor_timeout,
    restartsMax: haCf.resource_restarts,
    startTries: haCf.resource_start_tries,
    announce: {
      count: haCf.announce_count,
      everyMs: haCf.announce_interval,
      refreshMs: haCf.announce_refresh,
    },
    addressCheckMs: haCf.address_check,
    addressInUse: haCf.address_in_use,
  }
}

/** What the resource runner is told before its first job. `logfile` is where lines go in effect. */
export function runnerBegin(
  haCf: HaCf,
  about: Pick<ScriptSettings, 'us' | 'paths' | 'logfile' | 'debug' | 'inherited' | 'shellFunctions'>,
): Begin {
  const env = scriptEnvironment({
    ...about,
    parameters: Object.fromEntries(parametersOf(haCf)),
    settings: haCf.env,
    debugfile: haCf.debugfile,
    logfacility: haCf.logfacility,
    debug: haCf.debug + about.debug,
  })
  const { us, paths, logfile } = about
  return { kind: 'begin', us, paths, settings: runnerSettings(haCf), held: [], logfile, env }
}
