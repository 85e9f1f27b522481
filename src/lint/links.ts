/** What the links of ha.cf say about the cluster's own addresses, and what ipfail needs. */
import type { HaCf } from '../heartbeat/config/ha-cf-table.js'
import { isIpfail } from '../heartbeat/config/host.js'
import type { Place } from '../heartbeat/config/lines.js'
import { isPing, type Medium, type UnicastMedium } from '../heartbeat/config/media.js'
import type { Report } from '../heartbeat/config/report.js'
import type { NodeFiles } from './files.js'

/** Where Debian's heartbeat has ipfail. */
const IPFAIL = '/usr/libexec/heartbeat/ipfail'

type Unicast = Extract<Medium, UnicastMedium>

export function unicastsOf(haCf: HaCf): readonly Unicast[] {
  return haCf.media.filter((medium): medium is Unicast => medium.kind === 'ucast' || medium.kind === 'ucast6')
}

/** The addresses that are the only one a file sends to over their device: the other node's. */
export function soleTargets(haCf: HaCf): readonly string[] {
  const devices = [...groupByDevice(unicastsOf(haCf)).values()]
  return devices.filter(lines => lines.length === 1).map(([line]) => line!.address)
}

export function checkLinks(haCf: HaCf, files: NodeFiles, report: Report): void {
  checkOwnUnicast(haCf, files.ownAddresses, report)
  checkPingHosts(haCf, [...(files.ownAddresses ?? []), ...(files.clusterAddresses ?? [])], report)
  checkIpfail(haCf, report)
}

/** A line to the node itself does no harm: it lets both nodes have the same file. */
function checkOwnUnicast(haCf: HaCf, ownAddresses: readonly string[] | null, report: Report): void {
  const help = 'harmless: it lets the file be the same on both nodes'
  const unicasts = unicastsOf(haCf)
  const own = ownAddresses === null ? [] : unicasts.filter(({ address }) => ownAddresses.includes(address))
  for (const { address, kind, place } of own) {
    report.info(place, {
      code: 'own-address',
      message: `${kind} to ${address} goes to this node itself`,
      help,
    })
  }
  if (own.length > 0 || haCf.node.length !== 2) return
  // Two nodes, two addresses on one network device: one of the two is the node itself.
  const byDevice = groupByDevice(unicasts)
  for (const [device, lines] of byDevice) {
    if (new Set(lines.map(line => line.address)).size !== 2) continue
    const addresses = lines.map(line => line.address).join(' and ')
    for (const { kind, place } of lines) {
      report.info(place, {
        code: 'own-address',
        message: `one of the ${kind} lines over ${device} (${addresses}) goes to the node itself`,
        help,
      })
    }
  }
}

function groupByDevice(unicasts: readonly Unicast[]): Map<string, Unicast[]> {
  const groups = new Map<string, Unicast[]>()
  for (const medium of unicasts) groups.set(medium.device, [...(groups.get(medium.device) ?? []), medium])
  return groups
}

/** A ping host tells whether a node sees the network; a node of the cluster tells nothing but that it lives. */
function checkPingHosts(haCf: HaCf, known: readonly string[], report: Report): void {
  const addresses = new Set([...known, ...unicastsOf(haCf).map(({ address }) => address)])
  const isNode = (host: string): boolean => addresses.has(host) || haCf.node.includes(host.toLowerCase())
  let outside: Place | null = null
  for (const medium of haCf.media) {
    if (!isPing(medium)) continue
    const hosts = medium.kind === 'ping_group' ? medium.hosts : 'host' in medium ? [medium.host] : []
    const nodes = hosts.filter(isNode)
    if (nodes.length < hosts.length) outside ??= medium.place
    if (nodes.length === 0) continue
    report.warning(medium.place, {
      code: 'ping-node-in-cluster',
      message: `${medium.kind} wants hosts outside the cluster; found ${nodes.join(' and ')}, which ${nodes.length > 1 ? 'are nodes' : 'is a node'} of the cluster`,
      help: 'write the address of a router or switch that both nodes can see; a node that lost its network still answers itself',
    })
  }
  if (outside !== null) checkNeedsPing(haCf, outside, report)
}

/** Without it the node that was cut off starts everything too. */
function checkNeedsPing(haCf: HaCf, place: Place, report: Report): void {
  if (haCf.node.length !== 2 || haCf.places.has('takeover_needs_ping')) return
  report.info(place, {
    code: 'takeover-without-ping',
    message: 'a node that is cut off from the other and from its ping hosts takes everything over',
    help: 'write "takeover_needs_ping on" if both nodes run Systole (heartbeat 3 refuses the directive), or "off" to keep it so',
  })
}

function checkIpfail(haCf: HaCf, report: Report): void {
  for (const { path, place } of haCf.respawn.filter(child => isIpfail(child.path))) {
    if (path !== IPFAIL) {
      report.warning(place, {
        code: 'foreign-ipfail',
        message: `ipfail lies in ${IPFAIL} on this distribution; found "${path}", the path of another one`,
        original: `Client child command [${path}] is not executable`,
        help: `write "${IPFAIL}"`,
      })
    }
    if (haCf.auto_failback === 'legacy') {
      const message = 'ipfail wants auto_failback "on" or "off"; found "legacy", with which it exits'
      report.warning(place, { code: 'ipfail-legacy', message, help: 'write "auto_failback on" or "off"' })
    }
    if (!haCf.media.some(isPing)) {
      const message = 'ipfail wants ping hosts to compare; found no ping, ping6 or ping_group line'
      report.warning(place, {
        code: 'ipfail-alone',
        message,
        help: 'write "ping ADDRESS" with the address of a router',
      })
    }
  }
}
