/**
 * Who is measured, and how each is configured and started with the same times. keepalived has no dead time: its own is
 * three adverts and a little, so it gets a third of ours as its advert.
 */
import { bin } from '../../test/peers/harness.js'

export type Kind = 'ours' | 'original' | 'keepalived'
export const ADDRESS = '10.77.0.50'
export const CLUSTER_KINDS = ['ours', 'original'] as const

export interface Times {
  readonly keepaliveMs: number
  readonly deadtimeMs: number
}

export const SLOW: Times = { keepaliveMs: 1_000, deadtimeMs: 3_000 }
export const FAST: Times = { keepaliveMs: 100, deadtimeMs: 500 }
export const FASTEST: Times = { keepaliveMs: 20, deadtimeMs: 100 }
export const timesText = ({ keepaliveMs, deadtimeMs }: Times): string =>
  keepaliveMs >= 1_000 ? `${keepaliveMs / 1000}/${deadtimeMs / 1000} s` : `${keepaliveMs}/${deadtimeMs} ms`

export interface Setting extends Times {
  /** The interface of the heartbeats; the service address is always on eth0. */
  readonly link?: 'eth0' | 'eth1'
  readonly realtime?: boolean
  /** Unicast in place of broadcast, as most clusters have it. */
  readonly unicast?: boolean
  readonly resources?: string
}

export function filesOf(kind: Kind, setting: Setting): Record<string, string> {
  return kind === 'keepalived' ? { 'keepalived.conf': keepalivedConf(setting) } : clusterFiles(setting)
}

function clusterFiles(setting: Setting): Record<string, string> {
  const { keepaliveMs, deadtimeMs, link = 'eth0', realtime = true, unicast = false } = setting
  const net = link === 'eth0' ? '10.77.0' : '10.78.0'
  const media = unicast ? `ucast ${link} ${net}.1\nucast ${link} ${net}.2` : `bcast ${link}`
  const { resources = `IPaddr::${ADDRESS}/24/eth0` } = setting
  return {
    'ha.cf': `logfile /var/log/ha-log
keepalive ${keepaliveMs}ms
warntime ${deadtimeMs}ms
deadtime ${deadtimeMs}ms
initdead 20
udpport 694
${media}
auto_failback off
${realtime ? '' : 'realtime off\n'}node alpha beta
`,
    authkeys: 'auth 1\n1 sha1 measured-side-by-side\n',
    haresources: `alpha ${resources}\n`,
  }
}

const keepalivedConf = ({ deadtimeMs }: Times): string => `global_defs {
  vrrp_version 3
}
vrrp_instance bench {
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id 50
  priority 100
  advert_int ${Math.round(deadtimeMs / 30) / 100}
  virtual_ipaddress {
    ${ADDRESS}/24 dev eth0
  }
}
`

/** The daemon in the foreground. */
export const DAEMON: Readonly<Record<Kind, readonly string[]>> = {
  ours: [process.execPath, bin('heartbeat'), '-f'],
  original: ['/usr/libexec/heartbeat/heartbeat', '-f'],
  keepalived: [
    'keepalived',
    '-n',
    '-l',
    '-D',
    '-f',
    '/etc/ha.d/keepalived.conf',
    '-p',
    '/run/keepalived.pid',
  ],
}

export const STANDBY: Readonly<Record<'ours' | 'original', readonly string[]>> = {
  ours: [process.execPath, bin('hb_standby'), 'all'],
  original: ['/usr/share/heartbeat/hb_standby', 'all'],
}

/** The process that a graceful stop is asked of. */
export const MAIN_PROCESS: Readonly<Record<Kind, RegExp>> = {
  ours: /^heartbeat: master control process/,
  original: /^heartbeat: master control process/,
  keepalived: /^keepalived\b/,
}
