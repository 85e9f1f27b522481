/**
 * Two nodes' files against each other. The original compares nothing: nodes that disagree find out when both start
 * the same address. Places are those of our files; the message names the peer's.
 */
import { printDuration } from '../base/duration.js'
import type { HaCf } from '../heartbeat/config/ha-cf-table.js'
import type { ResourceGroup } from '../heartbeat/config/haresources.js'
import type { Place } from '../heartbeat/config/lines.js'
import { Report } from '../heartbeat/config/report.js'
import type { Diagnostic } from '../syntax/diagnostic.js'
import { lintDirectory, type NodeReading } from './directory.js'
import type { NodeFiles } from './files.js'
import { soleTargets, unicastsOf } from './links.js'

/** Both nodes by themselves, knowing each other, then against each other. */
export function lintPair(ours: NodeFiles, theirs: NodeFiles) {
  const [a, b] = [ours, theirs].map(files => lintDirectory(files)) as [NodeReading, NodeReading]
  const knowing = (node: NodeReading, peer: NodeReading): NodeReading => {
    if (peer.haCf === null) return node
    // The one address that a node sends to is the other node's.
    const ownAddresses = [...(node.files.ownAddresses ?? []), ...soleTargets(peer.haCf)]
    const clusterAddresses = unicastsOf(peer.haCf).map(({ address }) => address)
    return lintDirectory({ ...node.files, ownAddresses, clusterAddresses })
  }
  const [us, peer] = [knowing(a, b), knowing(b, a)]
  return { us, peer, between: lintPeer(us, peer) }
}

function lintPeer(ours: NodeReading, theirs: NodeReading): Diagnostic[] {
  return [
    ...compareHaCf(ours, theirs),
    ...compareKeys(ours, theirs),
    ...compareHaresources(ours, theirs),
    ...compareLdirectord(ours, theirs),
  ]
}

function compareHaCf(ours: NodeReading, theirs: NodeReading): Diagnostic[] {
  if (ours.haCf === null || theirs.haCf === null) return []
  const report = new Report(ours.files.haCf!.path)
  const peerFile = theirs.files.haCf!.path
  const differ = (name: string, our: string, their: string, severity: 'error' | 'warning'): void => {
    if (our === their) return
    const place = ours.haCf!.places.get(name) ?? null
    const line = theirs.haCf!.places.get(name)?.span.line
    report[severity](place, {
      code: 'nodes-differ',
      message: `${name} wants the same value on both nodes; found ${our} here and ${their} in ${peerFile}${line === undefined ? '' : `:${line}`}`,
      help: 'make both files the same',
    })
  }
  const [a, b] = [ours.haCf, theirs.haCf]
  differ('node', [...a.node].sort().join(' '), [...b.node].sort().join(' '), 'error')
  differ('auto_failback', a.auto_failback, b.auto_failback, 'error')
  if (usesUdpport(a) && usesUdpport(b)) differ('udpport', portsOf(a), portsOf(b), 'error')
  for (const name of ['keepalive', 'deadtime', 'warntime', 'initdead'] as const) {
    differ(name, printDuration(a[name]), printDuration(b[name]), 'warning')
  }
  return report.diagnostics()
}

const udpMedia = (haCf: HaCf) =>
  haCf.media.filter(({ kind }) => kind === 'ucast' || kind === 'ucast6' || kind === 'bcast')
const usesUdpport = (haCf: HaCf): boolean => udpMedia(haCf).length > 0
const portsOf = (haCf: HaCf): string =>
  [...new Set(udpMedia(haCf).map(({ udpport }) => udpport))].sort().join(' ')

/** Keys are compared, never shown. */
function compareKeys(ours: NodeReading, theirs: NodeReading): Diagnostic[] {
  const [a, b] = [ours.keys, theirs.keys]
  if (a === null || b === null || a.signWith === null || b.signWith === null) return []
  const report = new Report(ours.files.authkeys!.path, true)
  const peerFile = theirs.files.authkeys!.path
  const [ourKey, theirKey] = [a.keys.get(a.signWith), b.keys.get(b.signWith)]
  const differ = (line: number, message: string): void => {
    const place = { span: { line, column: 1, length: 1 }, source: '' }
    const help = 'copy authkeys from one node to the other; until then each takes the other for dead'
    report.error(place, { code: 'nodes-differ', message, help })
  }
  const line = ourKey?.line ?? 1
  if (a.signWith !== b.signWith) {
    differ(
      line,
      `auth wants the same number on both nodes; found ${a.signWith} here and ${b.signWith} in ${peerFile}`,
    )
  } else if (ourKey?.method !== theirKey?.method) {
    const found = `found ${ourKey?.method} here and ${theirKey?.method} in ${peerFile}`
    differ(line, `key ${a.signWith} wants the same method on both nodes; ${found}`)
  } else if (!sameBytes(ourKey?.key, theirKey?.key)) {
    differ(line, `key ${a.signWith} wants to be the same on both nodes; found another one in ${peerFile}`)
  }
  return report.diagnostics()
}

function sameBytes(a: Uint8Array = new Uint8Array(), b: Uint8Array = new Uint8Array()): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function compareHaresources(ours: NodeReading, theirs: NodeReading): Diagnostic[] {
  if (ours.haresources === null || theirs.haresources === null) return []
  const report = new Report(ours.files.haresources!.path)
  const peerFile = theirs.files.haresources!.path
  const theirGroups = theirs.haresources.groups
  for (const group of ours.haresources.groups) {
    const theirGroup = theirGroups.find(({ key }) => key === group.key)
    if (theirGroup === undefined) missing(group, peerFile, report)
    else compareGroup(group, theirGroup, peerFile, report)
  }
  const ourKeys = new Set(ours.haresources.groups.map(({ key }) => key))
  for (const group of theirGroups.filter(({ key }) => !ourKeys.has(key))) {
    report.error(null, {
      code: 'nodes-differ',
      message: `haresources wants the same groups on both nodes; found "${group.text}" only in ${peerFile}:${group.line}`,
      help: 'make both files the same',
    })
  }
  return report.diagnostics()
}

function missing(group: ResourceGroup, peerFile: string, report: Report): void {
  report.error(group.place, {
    code: 'nodes-differ',
    message: `haresources wants the same groups on both nodes; found "${group.text}" here, but not in ${peerFile}`,
    help: 'make both files the same',
  })
}

function compareGroup(ours: ResourceGroup, theirs: ResourceGroup, peerFile: string, report: Report): void {
  if (ours.node !== theirs.node) {
    report.error(ours.place, {
      code: 'owners-differ',
      message: `${ours.key || 'a line'} wants the same owner on both nodes; found ${ours.node} here and ${theirs.node} in ${peerFile}:${theirs.line}: both would start it`,
      help: 'name the preferred owner on both nodes: the file must be the same',
    })
  }
  const index = ours.resources.findIndex((resource, at) => resource.text !== theirs.resources[at]?.text)
  if (index === -1 && ours.resources.length === theirs.resources.length) return
  const place: Place = index === -1 ? ours.place : ours.resources[index]!.place
  const [here, there] = [
    ours.resources[index]?.text,
    theirs.resources[index === -1 ? ours.resources.length : index]?.text,
  ]
  report.error(place, {
    code: 'nodes-differ',
    message: `${ours.key} wants the same resources on both nodes; found ${here ?? 'nothing'} here and ${there ?? 'nothing'} in ${peerFile}:${theirs.line}`,
    help: 'make both files the same',
  })
}

/** Only that they differ: which lines may differ is the administrator's to know. */
function compareLdirectord(ours: NodeReading, theirs: NodeReading): Diagnostic[] {
  const name = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const said = (text: string): string[] => text.split('\n').map(line => line.trim())
  return ours.files.ldirectord.flatMap((file): Diagnostic[] => {
    const other = theirs.files.ldirectord.find(({ path }) => name(path) === name(file.path))
    if (other === undefined || other.text === file.text) return []
    const [a, b] = [said(file.text), said(other.text)]
    const at = a.findIndex((line, index) => line !== b[index])
    const line = (at === -1 ? a.length : at) + 1
    return [
      {
        file: file.path,
        span: { line, column: 1, length: 1 },
        severity: 'warning',
        code: 'nodes-differ',
        message: `${name(file.path)} wants to be the same on both nodes; from line ${line} on it differs from ${other.path}`,
        help: 'copy the file from one node to the other',
      },
    ]
  })
}
