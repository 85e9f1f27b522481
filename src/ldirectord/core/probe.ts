/**
 * From the file to the checks that have to run: one check for all real servers, of whatever virtual, that would be
 * asked the same thing in the same way.
 */
import type { Probe } from '../checks/check.js'
import { TLS_SERVICES } from '../config/directives-tls.js'
import type { LdirectordConfig, RealServer, VirtualService } from '../config/model.js'
import { canonicalAddress } from './address.js'
import type { Target } from './director-contract.js'

/** The port of each service where the file names none (marks). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  smtp: 25,
  dns: 53,
  http: 80,
  pop: 110,
  nntp: 119,
  imap: 143,
  ldap: 389,
  https: 443,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pops: 995,
  oracle: 1521,
  radius: 1812,
  http_proxy: 3128,
  mysql: 3306,
  sip: 5060,
  pgsql: 5432,
}

/** A check that has to run, and whom its outcome is about. */
export interface PlannedCheck {
  readonly id: string
  readonly targets: readonly Target[]
  readonly periodMs: number
  /** `assumed`: nothing is asked (checktype=on, a service without a check); only maintenance can take it down. */
  readonly kind: 'probe' | 'assumed'
  /** What is asked; a combined check asks `connect` in between. */
  readonly probe: Probe
  readonly connect: Probe | null
  /** N of checktype=N, else 0. */
  readonly connectsBetween: number
}

type AskedType = 'negotiate' | 'connect' | 'ping' | 'external' | 'external-perl'

function timeoutMs(virtual: VirtualService, type: AskedType): number {
  const checktimeoutMs = virtual.checktimeout * 1000
  if (type === 'ping') return checktimeoutMs * virtual.checkcount
  if (type !== 'negotiate' || virtual.service === 'ldap' || virtual.service === 'ldaps') return checktimeoutMs
  return virtual.negotiatetimeout * 1000
}

/**
 * The file's requests all begin with a slash. A complete URL is meant by one of a real server's own line that holds
 * the scheme of its service, and by every one of a proxy (measured on ldirectord 4.12).
 */
function requestOf(virtual: VirtualService, real: RealServer): string {
  const request = real.request ?? virtual.request
  const isComplete =
    virtual.service === 'http_proxy' || (real.request?.includes(`${virtual.service}://`) ?? false)
  return isComplete ? request.replace(/^\//, '') : request
}

export function probedPort(virtual: VirtualService, real: RealServer): number {
  return virtual.checkport ?? (real.port > 0 ? real.port : (DEFAULT_PORTS[virtual.service] ?? 0))
}

function probeOf(virtual: VirtualService, real: RealServer, type: AskedType): Probe {
  const { key } = virtual
  return {
    service: virtual.service,
    checktype: type,
    address: canonicalAddress(real.address),
    port: probedPort(virtual, real),
    protocol: key.protocol,
    request: requestOf(virtual, real),
    receive: real.receive ?? virtual.receive,
    // What a server of its own line is asked has another answer.
    receivedigest: real.request === null ? virtual.receivedigest : null,
    tls: type === 'negotiate' && TLS_SERVICES.includes(virtual.service) ? virtual.tls : null,
    httpmethod: virtual.httpmethod,
    virtualhost: virtual.virtualhost,
    checkcommand: virtual.checkcommand,
    checkcount: virtual.checkcount,
    timeoutMs: timeoutMs(virtual, type),
    external: {
      virtualServer: key.protocol === 'fwm' ? String(key.mark) : key.address,
      virtualPort: key.protocol === 'fwm' ? 0 : key.port,
      realServer: real.address,
      realPort: real.port,
    },
    login: virtual.login,
    passwd: virtual.passwd,
    database: virtual.database,
    secret: virtual.secret,
  }
}

function askedType(virtual: VirtualService): AskedType | null {
  switch (virtual.checktype) {
    case 'on':
      return null
    case 'negotiate':
      return virtual.service === 'none' ? null : 'negotiate'
    case 'combined':
      return 'negotiate'
    case 'connect':
    case 'ping':
    case 'external':
    case 'external-perl':
      return virtual.checktype
    default:
      return null
  }
}

/**
 * The part of a probe that its answer depends on. What a section says beside it (a request that no connect sends, a mark
 * in place of an address) must not make two questions of one.
 */
function questionOf(probe: Probe): Partial<Probe> {
  const { checktype, address, port, protocol, timeoutMs, checkcount } = probe
  // Only to a DNS check a mark is not the same as TCP.
  const transport = protocol === 'udp' || probe.service === 'dns' ? protocol : 'tcp'
  switch (checktype) {
    case 'connect':
      return { checktype, address, port, protocol: protocol === 'udp' ? 'udp' : 'tcp', timeoutMs }
    case 'ping':
      return { checktype, address, timeoutMs, checkcount }
    case 'negotiate': {
      const { external: _told, checkcommand: _run, checkcount: _tries, ...asked } = probe
      return { ...asked, protocol: transport }
    }
    default:
      return probe // external commands are told their virtual service
  }
}

/** Two real servers share a check when this text is the same: it holds everything that the answer depends on. */
function checkId(virtual: VirtualService, probe: Probe, kind: 'probe' | 'assumed', real: RealServer): string {
  // Maintenance is by the address and port as written, so servers are told apart by them too.
  const asked = kind === 'assumed' ? ['assumed'] : [questionOf(probe)]
  const pattern = [virtual.checktype, virtual.combinedConnects, virtual.checkinterval]
  return JSON.stringify([...asked, real.address, real.port, ...pattern])
}

/** The checks of a file, in its order. checktype=off gives none. */
export function plannedChecks(config: LdirectordConfig): PlannedCheck[] {
  const checks = new Map<string, PlannedCheck & { targets: Target[] }>()
  config.virtuals.forEach((virtual, virtualIndex) => {
    if (virtual.checktype === 'off') return
    const asked = askedType(virtual)
    virtual.reals.forEach((real, realIndex) => {
      const kind = asked === null ? 'assumed' : 'probe'
      const probe = probeOf(virtual, real, asked ?? 'connect')
      const id = checkId(virtual, probe, kind, real)
      const target = { virtual: virtualIndex, real: realIndex }
      const same = checks.get(id)
      if (same) same.targets.push(target)
      else {
        checks.set(id, {
          id,
          targets: [target],
          periodMs: (config.fork ? virtual.checkinterval : config.checkinterval) * 1000,
          kind,
          probe,
          connect: virtual.checktype === 'combined' ? probeOf(virtual, real, 'connect') : null,
          connectsBetween: virtual.combinedConnects,
        })
      }
    })
  })
  return [...checks.values()]
}
