/** From the files' values to what the cluster core and the clients are told. */
import { createHash } from 'node:crypto'
import { FACILITIES } from '../log/formats.js'
import type { Directive } from '../syntax/directive.js'
import type { ViewSettings } from './api/view-of-status.js'
import { type HaCf, haCfSettings } from './config/ha-cf-table.js'
import { pingNodeName } from './config/media.js'
import type { ClusterConfig, Fingerprint, GroupName, Settings } from './core/cluster.js'
import { type ScriptSettings, scriptEnvironment } from './resources/plan/environment.js'
import type { Begin } from './resources/plan/protocol.js'
import { groupKey, groupText, type ResourceGroup } from './resources/plan/resource.js'
import type { RunnerSettings } from './resources/plan/settings.js'
import { stonithDevices } from './resources/plan/stonith.js'
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
    takeoverNeedsPing: haCf.takeover_needs_ping,
  }
}

/** By what the nodes compare their files. Times in milliseconds. */
export function fingerprints(haCf: HaCf, groups: readonly ResourceGroup[]): Fingerprint[] {
  const { keepaliveMs, deadtimeMs, warntimeMs, initdeadMs, autoFailback, takeoverNeedsPing } =
    settingsOf(haCf)
  return [
    { name: 'haresources', value: digest(groups.map(groupText)) },
    { name: 'node', value: digest(haCf.node) },
    { name: 'keepalive', value: String(keepaliveMs) },
    { name: 'deadtime', value: String(deadtimeMs) },
    { name: 'warntime', value: String(warntimeMs) },
    { name: 'initdead', value: String(initdeadMs) },
    { name: 'auto_failback', value: autoFailback },
    { name: 'takeover_needs_ping', value: takeoverNeedsPing ? 'on' : 'off' },
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
    | 'failedAtStart'
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
    canReset: stonithDevices(haCf, identity.us).length > 0,
    nodes: haCf.node,
    maxRexmitDelayMs: haCf.max_rexmit_delay,
    hopfudge: haCf.hopfudge,
    rebootsOnStopFailure: haCf.resource_stop_failure === 'reboot',
    groups: groupNames(groups),
    fingerprints: fingerprints(haCf, groups),
  }
}

/** Directives of ha.cf that ask for something that this program does not do; each is said once. */
export function withoutEffect(haCf: HaCf): string[] {
  const values = haCf as unknown as Readonly<Record<string, unknown>>
  const rows: readonly (readonly [string, Directive<unknown>])[] = Object.entries(haCfSettings)
  const isAsked = ([name, row]: readonly [string, Directive<unknown>]): boolean => {
    const value = values[name]
    // Who writes the default down, or wants less, gets what is asked for.
    return value !== row.default && value !== false && value !== 'off'
  }
  const given = rows.filter(([name, row]) => row.support === 'accepted' && haCf.places.has(name))
  return given.filter(isAsked).map(([name]) => name)
}

/** What getparm answers and what scripts find as HA_*. */
function parametersOf(haCf: HaCf): Map<string, string> {
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
    use_logd: haCf.use_logd,
    debug: haCf.debug + about.debug,
  })
  const { us, paths, logfile } = about
  const settings = runnerSettings(haCf)
  return { kind: 'begin', us, paths, settings, held: [], keepaliveMs: haCf.keepalive, logfile, env }
}
