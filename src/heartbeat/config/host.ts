/**
 * What ha.cf needs of the machine: interfaces, users, programs, host names. The facts are handed in, so that this
 * stays pure; a fact that is not handed in is not judged. ha-lint on another node's files hands in none.
 */
import type { Diagnostic } from '../../syntax/diagnostic.js'
import type { ApiAuth, Respawn } from './clients.js'
import type { HaCf, Placed } from './ha-cf-table.js'
import type { Medium } from './media.js'
import { Report } from './report.js'

export interface HostFacts {
  readonly hasInterface?: (name: string) => boolean
  readonly hasUser?: (name: string) => boolean
  readonly hasGroup?: (name: string) => boolean
  readonly isExecutable?: (path: string) => boolean
  readonly isTerminal?: (path: string) => boolean
  readonly resolves?: (host: string) => boolean
  readonly hasStonithType?: (type: string) => boolean
}

/** heartbeat's exit status when a medium cannot be opened. */
const MEDIA_ERROR = 1

export interface HostVerdict {
  readonly diagnostics: readonly Diagnostic[]
  readonly exitStatus: 0 | 1 | 6
}

export function checkHost(
  haCf: HaCf,
  options: { readonly file: string; readonly us: string },
  facts: HostFacts,
): HostVerdict {
  const report = new Report(options.file)
  for (const medium of haCf.media) checkMedium(medium, facts, report)
  for (const child of [...haCf.respawn, ...haCf.failfast]) checkChild(child, facts, report)
  for (const client of haCf.apiauth) checkClient(client, facts, report)
  checkStonith(haCf, options.us, facts, report)
  const refused = report.exitStatus()
  if (refused !== 0) return { diagnostics: report.diagnostics(), exitStatus: refused }
  const deviceLost = checkUnicastDevices(haCf, facts, report)
  return { diagnostics: report.diagnostics(), exitStatus: deviceLost ? MEDIA_ERROR : 0 }
}

/** ipfail is found wherever it is installed, else built in: its path on another distribution does not matter. */
export function isIpfail(path: string): boolean {
  return /^\/usr\/(lib|lib64|libexec|lib\/[^/]+)\/heartbeat\/ipfail$/.test(path)
}

function checkMedium(medium: Medium, facts: HostFacts, report: Report): void {
  const { place } = medium
  if (medium.kind === 'bcast' && facts.hasInterface?.(medium.device) === false) {
    report.error(place, noInterface('bcast', medium.device, `IP interface [${medium.device}] does not exist`))
  }
  if (medium.kind === 'mcast' && facts.hasInterface?.(medium.device) === false) {
    const original = `mcast device [${medium.device}] is invalid or not set up properly`
    report.error(place, noInterface('mcast', medium.device, original))
  }
  if (medium.kind === 'serial' && facts.isTerminal?.(medium.device) === false) {
    report.error(place, {
      code: 'no-terminal',
      message: `serial wants an existing terminal; found "${medium.device}"`,
      original: `Nonexistent serial port [${medium.device}] in config file`,
      help: 'write for example "serial /dev/ttyS0"',
    })
  }
  for (const host of hostsOf(medium)) {
    if (facts.resolves?.(host) === false) unknownHost(medium, host, report)
  }
}

function hostsOf(medium: Medium): readonly string[] {
  if (medium.kind === 'ucast') return [medium.address]
  if (medium.kind === 'ping' || medium.kind === 'ping6') return [medium.host]
  return medium.kind === 'ping_group' ? medium.hosts : []
}

function unknownHost(medium: Medium, host: string, report: Report): void {
  const original =
    medium.kind === 'ucast'
      ? 'ucast: cannot resolve hostname'
      : medium.kind === 'ping6'
        ? `Illegal ping6 [ping6 membership] in config file [${host}]`
        : `unknown host: ${host}`
  const remark = {
    code: 'unknown-host',
    message: `${medium.kind} wants a host that can be resolved; found "${host}"`,
    original,
    help: 'write the address instead of the name',
  }
  // The original goes on without that member of a group.
  if (medium.kind === 'ping_group') report.warning(medium.place, remark)
  else report.error(medium.place, remark)
}

const noInterface = (kind: string, device: string, original?: string) => ({
  code: 'no-interface',
  message: `${kind} wants an existing network interface; found "${device}"`,
  ...(original === undefined ? {} : { original }),
  help: '`ip link` lists the interfaces of this machine',
})

/** The original finds out only when it opens them, and exits 1. */
function checkUnicastDevices(haCf: HaCf, facts: HostFacts, report: Report): boolean {
  let lost = false
  for (const medium of haCf.media) {
    if (medium.kind !== 'ucast' && medium.kind !== 'ucast6' && medium.kind !== 'mcast6') continue
    if (facts.hasInterface?.(medium.device) !== false) continue
    report.error(medium.place, noInterface(medium.kind, medium.device))
    lost = true
  }
  return lost
}

function checkChild(child: Placed<Respawn>, facts: HostFacts, report: Report): void {
  if (facts.hasUser?.(child.user) === false) {
    report.error(child.place, {
      code: 'unknown-user',
      message: `respawn and failfast want an existing user; found "${child.user}"`,
      original: `Invalid uid [${child.user}] specified for client child`,
    })
  } else if (!isIpfail(child.path) && facts.isExecutable?.(child.path) === false) {
    report.error(child.place, {
      code: 'not-executable',
      message: `respawn and failfast want a program that can be run; found "${child.path}"`,
      original: `Client child command [${child.path}] is not executable`,
    })
  }
}

function checkClient(client: Placed<ApiAuth>, facts: HostFacts, report: Report): void {
  const isNumber = (name: string): boolean => /^\d+$/.test(name)
  const unknown = (kind: string, name: string, original: string): void => {
    const message = `apiauth wants an existing ${kind}; found "${name}"`
    report.error(client.place, { code: `unknown-${kind}`, message, original })
  }
  for (const name of client.uid) {
    if (!isNumber(name) && facts.hasUser?.(name) === false)
      unknown('user', name, `Invalid user id name [${name}]`)
  }
  for (const name of client.gid) {
    if (!isNumber(name) && facts.hasGroup?.(name) === false)
      unknown('group', name, `Invalid group name [${name}]`)
  }
}

function checkStonith(haCf: HaCf, us: string, facts: HostFacts, report: Report): void {
  const ours = haCf.stonith_host.filter(({ host }) => host === '*' || host.toLowerCase() === us.toLowerCase())
  for (const { type, place } of [...haCf.stonith, ...ours]) {
    if (type === '' || facts.hasStonithType?.(type) !== false) continue
    const message = `a known STONITH type is wanted; found "${type}"`
    report.error(place, { code: 'unknown-stonith-type', message, original: `Invalid Stonith type [${type}]` })
  }
}
