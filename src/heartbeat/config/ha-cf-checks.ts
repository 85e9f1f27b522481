/**
 * What must hold between the directives of one ha.cf. Errors are the original's own; warnings say what it accepts
 * although it cannot be meant.
 */
import { printDuration } from '../../base/duration.js'
import { linkDirectives } from './directives/links.js'
import type { HaCf } from './ha-cf-table.js'
import { isPing } from './media.js'
import type { Report } from './report.js'

/** Below this the original warns: switches need that long to let a port speak. */
const INITDEAD_MS_SAFE = 10_000

const MEDIA_DIRECTIVES = Object.keys(linkDirectives).filter(name => name !== 'node')

export function checkHaCf(haCf: HaCf, us: string | null, refused: ReadonlySet<string>, report: Report): void {
  checkNodes(haCf, us, report)
  checkMedia(haCf, report)
  if (!refused.has('keepalive') && !refused.has('deadtime')) {
    checkDeadTimes(haCf, report)
    checkFit(haCf, report)
  }
  if (!refused.has('auto_failback') && !refused.has('nice_failback')) checkFailback(haCf, report)
  checkLogging(haCf, report)
  checkResourceStyle(haCf, report)
  checkStonithHosts(haCf, us, report)
}

const placeOf = (haCf: HaCf, ...names: string[]) =>
  names.map(name => haCf.places.get(name)).find(place => place !== undefined) ?? null

function checkNodes(haCf: HaCf, us: string | null, report: Report): void {
  const { node } = haCf
  if (node.length === 0) {
    report.error(null, {
      code: 'no-node',
      message: 'ha.cf wants at least one node; found none',
      original: 'no nodes defined',
      help: 'write "node NAME1 NAME2" with the names that `uname -n` prints on each node',
    })
  }
  if (us !== null && !node.includes(us.toLowerCase())) {
    report.error(placeOf(haCf, 'node'), {
      code: 'own-node-missing',
      message: `node wants our own name "${us.toLowerCase()}" among the nodes; found ${node.join(', ') || 'none'}`,
      original: `Current node [${us.toLowerCase()}] not in configuration!`,
      help: `write "node ${us.toLowerCase()}", or put the name that ha.cf uses into /etc/ha.d/nodeinfo`,
    })
  }
  if (node.length > 2) {
    report.warning(placeOf(haCf, 'node'), {
      code: 'many-nodes',
      message: `a cluster with haresources has two nodes; found ${node.length}`,
      help: 'name the two nodes that share the resources',
    })
  }
}

function checkMedia(haCf: HaCf, report: Report): void {
  if (haCf.media.length === 0) {
    // A medium line that cannot be read has been reported already.
    if (MEDIA_DIRECTIVES.some(name => haCf.places.has(name))) return
    report.error(null, {
      code: 'no-medium',
      message: 'ha.cf wants at least one medium (ucast, bcast, mcast); found none',
      original: 'No heartbeat media defined',
      help: 'write for example "ucast eth1 10.0.0.2" with the address of the other node',
    })
  } else if (haCf.media.every(isPing)) {
    report.warning(haCf.media[0]!.place, {
      code: 'only-ping',
      message: 'all media are ping hosts: no heartbeat can reach the other node',
      original: 'No working comm channels to write to.',
      help: 'add a ucast, bcast or mcast line',
    })
  }
}

function checkDeadTimes(haCf: HaCf, report: Report): void {
  const { keepalive, deadtime, initdead, deadping } = haCf
  const least = `more than twice keepalive (${printDuration(keepalive)})`
  const help = `write at least "${printDuration(3 * keepalive)}"`
  if (deadtime <= 2 * keepalive) {
    report.error(placeOf(haCf, 'deadtime', 'keepalive'), {
      code: 'deadtime-too-small',
      message: `deadtime wants ${least}; found ${printDuration(deadtime)}`,
      original: `Dead time [${deadtime}] is too small compared to keeplive [${keepalive}]`,
      help,
    })
  }
  if (deadping <= 2 * keepalive && haCf.places.has('deadping')) {
    report.error(placeOf(haCf, 'deadping'), {
      code: 'deadping-too-small',
      message: `deadping wants ${least}; found ${printDuration(deadping)}`,
      original: `Ping dead time [${deadping}] is too small compared to keeplive [${keepalive}]`,
      help,
    })
  }
  if (initdead < deadtime) {
    report.error(placeOf(haCf, 'initdead', 'deadtime'), {
      code: 'initdead-too-small',
      message: `initdead wants at least deadtime (${printDuration(deadtime)}); found ${printDuration(initdead)}`,
      original: `Initial dead time [${initdead}] is smaller than deadtime [${deadtime}]`,
      help: `write "initdead ${printDuration(Math.max(2 * deadtime, INITDEAD_MS_SAFE))}"`,
    })
  } else if (initdead < INITDEAD_MS_SAFE) {
    report.warning(placeOf(haCf, 'initdead', 'deadtime'), {
      code: 'initdead-small',
      message: `initdead of ${printDuration(initdead)} may end before the network is up; both nodes would then start everything`,
      original: `Initial dead time [${initdead} ms] may be too small!`,
      help: 'write "initdead 10" or more, unless the network is known to be up before heartbeat starts',
    })
  }
}

/** Values that the original takes but that defeat each other. */
function checkFit(haCf: HaCf, report: Report): void {
  const { keepalive, deadtime, warntime } = haCf
  const given = placeOf(haCf, 'warntime')
  if (warntime >= deadtime && given !== null) {
    report.warning(given, {
      code: 'warntime-too-large',
      message: `warntime wants less than deadtime (${printDuration(deadtime)}); found ${printDuration(warntime)}, so the node is dead before it is late`,
      help: `write "warntime ${printDuration(Math.floor(deadtime / 2))}"`,
    })
  } else if (warntime <= keepalive && deadtime > 2 * keepalive) {
    report.warning(given ?? placeOf(haCf, 'deadtime', 'keepalive'), {
      code: 'warntime-too-small',
      message: `warntime wants more than keepalive (${printDuration(keepalive)}); found ${printDuration(warntime)}, so every heartbeat is late`,
      help: `write "warntime ${printDuration(Math.max(Math.floor(deadtime / 2), 2 * keepalive))}"`,
    })
  }
  if (deadtime > 2 * keepalive && deadtime < 3 * keepalive) {
    report.warning(placeOf(haCf, 'deadtime', 'keepalive'), {
      code: 'deadtime-tight',
      message: `deadtime of ${printDuration(deadtime)} with keepalive ${printDuration(keepalive)}: two lost heartbeats make a node dead`,
      help: `write "deadtime ${printDuration(5 * keepalive)}", or a shorter keepalive`,
    })
  }
}

function checkFailback(haCf: HaCf, report: Report): void {
  if (haCf.auto_failback !== 'legacy') return
  const place = placeOf(haCf, 'auto_failback')
  report.warning(place, {
    code: 'legacy-failback',
    message: place === null ? 'auto_failback is not given, which means "legacy"' : '"legacy" is deprecated',
    original: "Deprecated 'legacy' auto_failback option selected.",
    help: 'write "auto_failback on" (a returning node takes its resources back) or "auto_failback off"',
  })
}

function checkLogging(haCf: HaCf, report: Report): void {
  const { logfile, debugfile, logfacility, use_logd } = haCf
  const logs = logfile !== null || debugfile !== null || (logfacility !== null && logfacility !== 'none')
  if (!logs && !use_logd) {
    report.error(placeOf(haCf, 'use_logd'), {
      code: 'no-log',
      message: 'use_logd wants to be "on" when nothing else says where to log; found "off"',
      original: 'No log entry found in ha.cf and use_logd is set to off',
      help: 'write "logfile /var/log/ha-log" or "logfacility daemon"',
    })
  } else if (!logs) {
    report.warning(placeOf(haCf, 'use_logd'), {
      code: 'no-log',
      message: 'no logfile, debugfile or logfacility is given, so heartbeat 3 logs through ha_logd only',
      help: 'write "logfile /var/log/ha-log" or "logfacility daemon"',
    })
  } else if (use_logd) {
    const namesFacility = logfacility !== null && logfacility !== 'none'
    report.warning(placeOf(haCf, 'use_logd'), {
      code: 'log-twice',
      message: 'use_logd is on: the other log directives act only while ha_logd does not run',
      original: `logd is enabled but logfile/debugfile${namesFacility ? '/logfacility' : ''} is still configured in ha.cf`,
      help: 'write "use_logd off"',
    })
  }
}

/** A cluster of haresources takes no node that ha.cf does not name. */
function checkResourceStyle(haCf: HaCf, report: Report): void {
  if (haCf.autojoin === 'none') return
  report.error(placeOf(haCf, 'autojoin'), {
    code: 'autojoin',
    message: `autojoin wants "none" in a cluster with haresources; found "${haCf.autojoin}"`,
    original: 'R1 style resource management conflicts with  autojoin set',
    help: 'write "autojoin none" and name all nodes in ha.cf',
  })
}

/** Lines for another host are not looked at, as in the original. */
function checkStonithHosts(haCf: HaCf, us: string | null, report: Report): void {
  for (const { host, type, place } of haCf.stonith_host) {
    const ours = host === '*' || us === null || host.toLowerCase() === us.toLowerCase()
    if (!ours || type !== '') continue
    report.error(place, {
      code: 'bad-value',
      message: 'stonith_host wants a host, a type and its parameters; found no type',
      original: 'No Stonith type given',
    })
  }
}
