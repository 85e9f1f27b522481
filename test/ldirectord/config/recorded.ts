/**
 * What the installed ldirectord made of a file (record.sh), and the same facts of our reading in the same form, so that
 * the two can be compared value by value.
 */
import { readFileSync } from 'node:fs'
import { link, originalReport } from '../../../src/ldirectord/config/link.js'
import type {
  Fallback,
  LdirectordConfig,
  RealServer,
  VirtualService,
} from '../../../src/ldirectord/config/model.js'
import { parse } from '../../../src/ldirectord/config/parse.js'
import type { Answer, Resolutions } from '../../../src/ldirectord/config/resolutions.js'
import { ServiceNames } from '../../../src/ldirectord/config/service-names.js'
import { type Question, questionKey, type Tree } from '../../../src/ldirectord/config/tree.js'

export const FILE = '/etc/ha.d/ldirectord.cf'

interface RecordedReal {
  readonly server: string
  readonly port: number | string
  readonly forward: string
  readonly weight: number | string
  readonly request?: string
  readonly receive?: string | null
  readonly 'u-threshold'?: string
  readonly 'l-threshold'?: string
}

interface RecordedFallback {
  readonly server: string
  readonly port: number | string | null
  readonly forward: string
}

export interface Recorded {
  readonly exit: number
  readonly stderr: string
  readonly globals?: Readonly<Record<string, unknown>>
  readonly virtuals?: readonly (Readonly<Record<string, unknown>> & {
    readonly real?: readonly RecordedReal[]
    readonly fallback?: RecordedFallback
  })[]
}

/** The names that record.sh puts into /etc/hosts. */
const HOSTS: Readonly<Record<string, string>> = {
  'host4 localhost': '127.0.0.1',
  'host4 real1.example.com': '127.0.2.1',
  'host4 real1': '127.0.2.1',
  'host4 REAL1': '127.0.2.1',
  'host4 real2.example.com': '127.0.2.2',
  'host4 real2': '127.0.2.2',
  'host4 real3': '127.0.2.3',
  'host4 vip.example.com': '127.0.1.9',
  'host4 ip6-localhost': '127.0.0.1',
  'host6 ip6-localhost': '::1',
  'host6 vip6.example.com': 'fd00::9',
  'host6 real61': 'fd00::21',
}

export function resolutionsFor(tree: Tree): Resolutions {
  const services = readFileSync('test/ldirectord/config/services', 'latin1')
  return {
    services: new ServiceNames(services),
    hostname: 'director1',
    answers: new Map(tree.questions.map(question => [questionKey(question), answer(question)])),
  }
}

function answer(question: Question): Answer {
  if (question.kind === 'host') {
    const value = HOSTS[questionKey(question)]
    return value === undefined ? { failed: 'not found' } : { value }
  }
  if (question.kind === 'directory') {
    return question.path === '/tmp' || question.path === '/etc'
      ? { value: '' }
      : { failed: 'No such file or directory' }
  }
  if (question.path === '/var/log') return { failed: 'Is a directory' }
  return question.path.startsWith('/var/log/') ? { value: '' } : { failed: 'No such file or directory' }
}

export function ours(text: string) {
  const tree = parse(text, FILE)
  const linked = link(tree, resolutionsFor(tree))
  const stderr = originalReport(linked, FILE, 'PID')
    .map(line => `${line}\n`)
    .join('')
  return { linked, stderr }
}

const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
const STATES = ['starting', 'running', 'stopping', 'reloading']
const stateBits = (states: readonly string[]): number =>
  states.reduce((sum, state) => sum + 2 ** STATES.indexOf(state), 0)
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
const plainFallback = (fallback: Fallback | null): RecordedFallback | null =>
  fallback && { server: bracketed(fallback.address), port: fallback.port, forward: fallback.method }
const recordedFallback = (fallback: RecordedFallback | null | undefined) =>
  fallback
    ? {
        server: fallback.server,
        port: fallback.port === null ? null : Number(fallback.port),
        forward: fallback.forward,
      }
    : null

/** The globals of ours that the original keeps as well. */
function globalFacts(config: LdirectordConfig) {
  return {
    autoreload: yesNo(config.autoreload),
    callback: config.callback,
    checkinterval: config.checkinterval,
    cleanstop: yesNo(config.cleanstop),
    emailalert: config.emailalert,
    emailalertfreq: config.emailalertfreq,
    emailalertfrom: config.emailalertfrom,
    emailalertstatus: stateBits(config.emailalertstatus),
    fallback: plainFallback(config.fallback),
    fallback6: plainFallback(config.fallback6),
    fallbackcommand: config.fallbackcommand,
    fork: yesNo(config.fork),
    logfile: config.logfile,
    maintenancedir: config.maintenancedir,
    quiescent: yesNo(config.quiescent),
    readdquiescent: yesNo(config.readdquiescent),
    smtp: config.smtp,
    supervised: yesNo(config.supervised),
  }
}

function recordedGlobalFacts(globals: Readonly<Record<string, unknown>>): ReturnType<typeof globalFacts> {
  const fallback = (value: unknown) => recordedFallback((value as { tcp: RecordedFallback } | null)?.tcp)
  return {
    autoreload: String(globals.AUTOCHECK),
    callback: (globals.CALLBACK as string | null) || null,
    checkinterval: Number(globals.CHECKINTERVAL),
    cleanstop: String(globals.CLEANSTOP),
    emailalert: (globals.EMAILALERT as string | null) || null,
    emailalertfreq: Number(globals.EMAILALERTFREQ),
    emailalertfrom: globals.EMAILALERTFROM as string | null,
    emailalertstatus: Number(globals.EMAILALERTSTATUS),
    fallback: fallback(globals.FALLBACK),
    fallback6: fallback(globals.FALLBACK6),
    fallbackcommand: globals.FALLBACKCOMMAND as string | null,
    fork: String(globals.FORKING),
    logfile: String(globals.LDIRLOG),
    maintenancedir: globals.MAINTDIR as string | null,
    quiescent: String(globals.QUIESCENT),
    readdquiescent: String(globals.READDQUIESCENT),
    smtp: globals.SMTP as string | null,
    supervised: String(globals.SUPERVISED),
  }
}

function realFacts(real: RealServer) {
  return [
    bracketed(real.address),
    real.port,
    real.method,
    real.weight,
    real.request,
    real.receive,
    real.upper,
    real.lower,
  ]
}

/** After a request that begins with a slash the original forgets the receive string and the thresholds. */
function recordedRealFacts(real: RecordedReal, mine: RealServer | undefined) {
  const forgets = real.request !== undefined && real.receive === null && mine !== undefined
  return [
    real.server,
    Number(real.port),
    real.forward,
    Number(real.weight),
    real.request ?? null,
    forgets ? mine.receive : (real.receive ?? null),
    forgets ? mine.upper : Number(real['u-threshold'] ?? 0),
    forgets ? mine.lower : Number(real['l-threshold'] ?? 0),
  ]
}

const PLAIN = [
  'checktype',
  'service',
  'request',
  'receive',
  'httpmethod',
  'checkcommand',
  'login',
  'passwd',
  'database',
  'secret',
  'scheduler',
] as const
const OPTIONAL = ['netmask', 'virtualhost', 'monitorfile', 'servicename', 'comment'] as const

function virtualFacts(virtual: VirtualService) {
  const { key } = virtual
  return {
    key:
      key.protocol === 'fwm'
        ? `${key.family} fwm:${key.mark}`
        : `${key.family} ${key.protocol}:${bracketed(key.address)}:${key.port}`,
    ...Object.fromEntries(PLAIN.map(name => [name, virtual[name]])),
    ...Object.fromEntries(OPTIONAL.map(name => [name, virtual[name] || null])),
    combinedConnects: virtual.combinedConnects,
    checkport: virtual.checkport,
    persistent: virtual.persistent,
    load: virtual.load,
    schedflags: virtual.schedflags,
    ops: yesNo(virtual.ops),
    reals: virtual.reals.map(realFacts),
  }
}

function recordedVirtualFacts(
  recorded: NonNullable<Recorded['virtuals']>[number],
  mine: VirtualService | undefined,
): ReturnType<typeof virtualFacts> {
  const optionalNumber = (name: string): number | null =>
    recorded[name] === undefined || recorded[name] === null ? null : Number(recorded[name])
  const family = recorded.addressfamily === 2 ? 4 : 6
  return {
    key:
      recorded.protocol === 'fwm'
        ? `${family} fwm:${Number(recorded.fwm)}`
        : `${family} ${recorded.protocol}:${recorded.server}:${Number(recorded.port)}`,
    ...Object.fromEntries(PLAIN.map(name => [name, String(recorded[name])])),
    ...Object.fromEntries(OPTIONAL.map(name => [name, recorded[name] ? String(recorded[name]) : null])),
    combinedConnects: Number(recorded.num_connects),
    checkport: optionalNumber('checkport'),
    persistent: optionalNumber('persistent'),
    load: String(recorded.load ?? ''),
    schedflags: String(recorded.schedflags ?? ''),
    ops: String(recorded.ops),
    reals: (recorded.real ?? []).map((real, i) => recordedRealFacts(real, mine?.reals[i])),
  }
}

export interface Facts {
  readonly accepted: boolean
  readonly stderr: string
  readonly globals: ReturnType<typeof globalFacts> | null
  readonly virtuals: readonly (ReturnType<typeof virtualFacts> & { readonly reals: readonly unknown[] })[]
  readonly fallbacks: readonly (RecordedFallback | null)[]
  /** For what the original forgets. */
  readonly config: LdirectordConfig | null
}

/** What we make of a file, in the words of the record. */
export function facts(text: string): Facts {
  const { linked, stderr } = ours(text)
  const { config } = linked
  const virtuals = config?.virtuals ?? []
  return {
    accepted: config !== null,
    stderr,
    globals: config && globalFacts(config),
    virtuals: virtuals.map(virtualFacts),
    fallbacks: virtuals.map(virtual => plainFallback(virtual.fallback)),
    config,
  }
}

/** What the original made of it. The two differ on purpose in passwords, which it prints. */
export function recordedFacts(recorded: Recorded, mine: Facts): Facts {
  const virtuals = recorded.virtuals ?? []
  const known = mine.config?.virtuals ?? []
  return {
    accepted: recorded.exit === 3,
    stderr: recorded.stderr.replace(
      /^(.*Unknown command "?\s*(?:passwd|secret|login)[ \t]*=?[ \t]*).*$/m,
      '$1********',
    ),
    globals: recorded.globals ? recordedGlobalFacts(recorded.globals) : null,
    virtuals: virtuals.map((virtual, i) => recordedVirtualFacts(virtual, known[i])),
    // Where a section has none the record does not say what it inherits.
    fallbacks: virtuals.map((virtual, i) => recordedFallback(virtual.fallback) ?? mine.fallbacks[i] ?? null),
    config: mine.config,
  }
}

/** What a file says, where it is valid; else the test fails. */
export function configOf(text: string): LdirectordConfig {
  const { config } = ours(text).linked
  if (config === null) throw new Error(`refused: ${text}`)
  return config
}
