/** The configuration from linked sections and global directives: defaults and inheritance. */

import type { Directive } from '../../syntax/directive.js'
import type { ServiceKey } from '../core/table.js'
import { type ChecktypeValue, SERVICE_OF_PORT } from './directives-check.js'
import { globalDirectives } from './directives-global.js'
import { EVERY_STATUS } from './directives-mail.js'
import { SORRY_PORT, SORRY_RETRY_AFTER } from './directives-sorry.js'
import { virtualDirectives } from './directives-virtual.js'
import type { LinkedSection } from './link-section.js'
import type { Fallback, LdirectordConfig, TlsDemands, VirtualService } from './model.js'
import { withSlash } from './real-line.js'
import type { Resolutions } from './resolutions.js'
import type { Entry, Tree } from './tree.js'

const CHECKTIMEOUT = 5
const NEGOTIATETIMEOUT = 30
/** The longest time that a timer can count (2^31 ms); the original accepts more digits than it can mean. */
const SECONDS_MAX = 2_147_483

type Values<T> = { readonly [K in keyof T]?: T[K] extends Directive<infer V> ? V : never }
type GlobalValues = Values<typeof globalDirectives>
type SectionValues = Values<typeof virtualDirectives>

/** The last value of each directive. The rows of the tables made these values, so their types hold. */
function valuesOf<T>(entries: readonly Entry[]): Values<T> {
  return Object.fromEntries(entries.map(entry => [entry.name, entry.value])) as Values<T>
}

export function buildConfig(
  tree: Tree,
  sections: readonly LinkedSection[],
  fallbacks: { readonly 4: Fallback | null; readonly 6: Fallback | null },
  resolutions: Resolutions | null,
): LdirectordConfig {
  const globals = valuesOf<typeof globalDirectives>(tree.entries)
  const rows = globalDirectives
  return {
    file: tree.source.file,
    virtuals: sections.map(section =>
      buildVirtual(section, globals, fallbacks, resolutions?.hostname ?? 'localhost'),
    ),
    forwarder: globals.forwarder ?? 'auto',
    proxyworkers: globals.proxyworkers ?? null,
    checkinterval: seconds(globals.checkinterval ?? rows.checkinterval.default!),
    checkjitter: globals.checkjitter ?? 0,
    autoreload: globals.autoreload ?? false,
    callback: globals.callback || null,
    logfile: globals.logfile ?? rows.logfile.default!,
    execute: tree.entries.filter(entry => entry.name === 'execute').map(entry => entry.text),
    supervised: globals.supervised ?? false,
    fork: globals.fork ?? false,
    quiescent: globals.quiescent ?? false,
    readdquiescent: globals.readdquiescent ?? false,
    emailalert: globals.emailalert ?? null,
    emailalertfrom: globals.emailalertfrom ?? null,
    emailalertfreq: seconds(globals.emailalertfreq ?? 0),
    emailalertstatus: globals.emailalertstatus ?? EVERY_STATUS,
    emailalertgroup: seconds(globals.emailalertgroup ?? 0),
    emailalertlimit: globals.emailalertlimit ?? null,
    emailalertdetail: globals.emailalertdetail ?? false,
    emailalertowner: globals.emailalertowner ?? false,
    smtp: globals.smtp ?? null,
    cleanstop: globals.cleanstop ?? true,
    maintenancedir: globals.maintenancedir ?? null,
    // A page of ours belongs to the virtual services that have inherited it: it stands at their addresses.
    fallback: fallbacks[4]?.isSorry ? null : fallbacks[4],
    fallback6: fallbacks[6]?.isSorry ? null : fallbacks[6],
    fallbackcommand: globals.fallbackcommand ?? null,
  }
}

function buildVirtual(
  linked: LinkedSection,
  globals: GlobalValues,
  fallbacks: { readonly 4: Fallback | null; readonly 6: Fallback | null },
  hostname: string,
): VirtualService {
  const { section, key } = linked
  const own: SectionValues = valuesOf<typeof virtualDirectives>(section.entries)
  const rows = virtualDirectives
  const sorryPort = own.sorryport ?? globals.sorryport ?? SORRY_PORT
  const fallback = linked.fallback ?? fallbacks[section.family]
  const isSorry = fallback?.isSorry === true && key!.protocol === 'tcp'
  const checktype: ChecktypeValue = own.checktype ?? rows.checktype.default!
  return {
    line: section.span.line,
    text: section.text,
    key: key!,
    reals: linked.reals,
    fallback: fallback === null ? null : atService(fallback, key!, sorryPort),
    sorry: isSorry
      ? {
          port: sorryPort,
          page: own.sorrypage ?? globals.sorrypage ?? null,
          retryAfter: own.sorryretryafter ?? globals.sorryretryafter ?? SORRY_RETRY_AFTER,
        }
      : null,
    fallbackcommand: own.fallbackcommand ?? globals.fallbackcommand ?? null,
    ...checktype,
    service: own.service ?? defaultService(linked),
    checkport: own.checkport ?? null,
    request: withSlash(own.request ?? rows.request.default!),
    receive: own.receive ?? '',
    receivedigest: own.receivedigest ?? null,
    tls: tlsDemands(own, globals),
    httpmethod: own.httpmethod ?? 'GET',
    virtualhost: own.virtualhost || null,
    checkcommand: own.checkcommand ?? rows.checkcommand.default!,
    ...credentials(section.entries, hostname),
    database: own.database ?? '',
    secret: own.secret ?? '',
    load: own.load ?? '',
    scheduler: own.scheduler ?? rows.scheduler.default!,
    persistent: own.persistent ?? null,
    netmask: own.netmask ?? null,
    schedflags: own.schedflags ?? '',
    ops: own.ops ?? false,
    proxyprotocol: nothingIf('no', own.proxyprotocol ?? globals.proxyprotocol ?? 'no'),
    forwardedfor: own.forwardedfor ?? globals.forwardedfor ?? false,
    ...timeouts(own, globals),
    checkinterval: seconds((globals.fork ? own.checkinterval : undefined) ?? globals.checkinterval ?? 10),
    checkcount: own.checkcount ?? globals.checkcount ?? 1,
    failurecount: own.failurecount ?? globals.failurecount ?? 1,
    recoverycount: own.recoverycount ?? globals.recoverycount ?? 1,
    checkwindow: own.checkwindow ?? globals.checkwindow ?? null,
    panicthreshold: own.panicthreshold ?? globals.panicthreshold ?? 0,
    flapbackoff: own.flapbackoff ?? globals.flapbackoff ?? null,
    quiescent: own.quiescent ?? globals.quiescent ?? false,
    cleanstop: own.cleanstop ?? globals.cleanstop ?? true,
    emailalert: own.emailalert ?? globals.emailalert ?? null,
    emailalertfreq: seconds(own.emailalertfreq ?? globals.emailalertfreq ?? 0),
    emailalertstatus: own.emailalertstatus ?? globals.emailalertstatus ?? EVERY_STATUS,
    smtp: own.smtp ?? globals.smtp ?? null,
    monitorfile: own.monitorfile ?? null,
    servicename: own.servicename ?? null,
    comment: own.comment ?? null,
  }
}

const nothingIf = <T, N extends T>(nothing: N, value: T): Exclude<T, N> | null =>
  value === nothing ? null : (value as Exclude<T, N>)

function tlsDemands(own: SectionValues, globals: GlobalValues): TlsDemands | null {
  const values = { ...globals, ...own }
  // A certificate and its key belong together.
  const pair = own.tlscert === undefined ? globals : own
  const demands: TlsDemands = {
    tlsverify: values.tlsverify ?? false,
    tlscafile: values.tlscafile ?? null,
    tlsservername: values.tlsservername ?? null,
    tlscert: pair.tlscert ?? null,
    tlskey: pair.tlskey ?? pair.tlscert ?? null,
    tlsexpirywarn: values.tlsexpirywarn ?? null,
    tlsexpiryfail: values.tlsexpiryfail ?? null,
  }
  return Object.values(demands).some(value => value !== null && value !== false) ? demands : null
}

function seconds(value: number): number {
  return Math.min(value, SECONDS_MAX)
}

function timeouts(own: SectionValues, globals: GlobalValues) {
  const check = own.checktimeout ?? own.negotiatetimeout ?? globals.checktimeout ?? globals.negotiatetimeout
  const negotiate =
    own.negotiatetimeout ?? own.checktimeout ?? globals.negotiatetimeout ?? globals.checktimeout
  return {
    checktimeout: seconds(check ?? CHECKTIMEOUT),
    negotiatetimeout: seconds(negotiate ?? NEGOTIATETIMEOUT),
  }
}

/**
 * A global fallback without a port serves on the port of the virtual service; a mark has none, so 0. A page of ours
 * needs the address and TCP of a virtual service.
 */
function atService(fallback: Fallback, key: ServiceKey, sorryPort: number): Fallback | null {
  if (fallback.isSorry) {
    return key.protocol === 'tcp' ? { ...fallback, address: key.address, port: sorryPort } : null
  }
  return { ...fallback, port: fallback.port ?? (key.protocol === 'fwm' ? 0 : key.port) }
}

/** By the port; a number is compared as it is written, so that 080 is no http. */
export function defaultService(linked: LinkedSection): string {
  const { key, portText } = linked
  if (key === null || key.protocol === 'fwm') return 'none'
  const port = /^\d+$/.test(portText) ? portText : String(key.port)
  return Object.hasOwn(SERVICE_OF_PORT, port) ? SERVICE_OF_PORT[port]! : 'none'
}

/** service=ftp and service=sip fill in a login and password that are still empty at their line. */
function credentials(entries: readonly Entry[], hostname: string): { login: string; passwd: string } {
  let login = ''
  let passwd = ''
  for (const { name, value } of entries) {
    if (name === 'login') login = value as string
    if (name === 'passwd') passwd = value as string
    if (name === 'service' && value === 'ftp') {
      login ||= 'anonymous'
      passwd ||= `ldirectord@${hostname}`
    }
    if (name === 'service' && value === 'sip') login ||= `ldirectord@${hostname}`
  }
  return { login, passwd }
}
