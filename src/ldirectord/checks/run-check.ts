/**
 * Runs one check under one deadline that covers everything: name, connection, TLS, question, whole answer. Whatever
 * happens, the promise resolves with an outcome at the deadline at the latest and never rejects; the check itself
 * is told by its signal and closes what it opened.
 */
import { certificateText, isWithinDays } from '../core/certificate-end.js'
import {
  type Check,
  failed,
  type Outcome,
  type Probe,
  type Progress,
  type QuickCheck,
  type QuickEnd,
} from './check.js'
import { checkConnect } from './connect.js'
import { checkExternal, checkExternalPerl } from './external.js'
import { checkFtp } from './ftp.js'
import { checkHttp } from './http.js'
import { checkImap, checkImaps } from './imap.js'
import { checkNntp } from './nntp.js'
import { checkOff, checkOn } from './no-check.js'
import { checkPing } from './ping.js'
import { checkPop, checkPops } from './pop.js'
import { quickConnect, quickHttp } from './quick.js'
import { checkRadius } from './radius.js'
import { checkSimpletcp } from './simpletcp.js'
import { checkSip } from './sip.js'
import { checkSmtp } from './smtp.js'
import { outcomeOfError } from './system-error.js'

/** A check that brings a library: a bundle of its own (scripts/build.mjs), loaded by the first check that needs it. */
const onFirstUse =
  (load: () => Promise<Check>): Check =>
  async (probe, signal, progress) =>
    (await load())(probe, signal, progress)

const checkLdap = onFirstUse(async () => (await import('./with-library/ldap.js')).checkLdap)

/** One row a service that `checktype=negotiate` can ask. */
const NEGOTIATE: Readonly<Record<string, Check>> = {
  http: checkHttp,
  https: checkHttp,
  http_proxy: onFirstUse(async () => (await import('./with-library/http-proxy.js')).checkHttpProxy),
  ftp: checkFtp,
  smtp: checkSmtp,
  submission: checkSmtp,
  pop: checkPop,
  pops: checkPops,
  imap: checkImap,
  imaps: checkImaps,
  nntp: checkNntp,
  ldap: checkLdap,
  ldaps: checkLdap,
  dns: onFirstUse(async () => (await import('./with-library/dns.js')).checkDns),
  sip: checkSip,
  simpletcp: checkSimpletcp,
  mysql: onFirstUse(async () => (await import('./with-library/mysql.js')).checkMysql),
  pgsql: onFirstUse(async () => (await import('./with-library/pgsql.js')).checkPgsql),
  oracle: onFirstUse(async () => (await import('./with-library/oracle.js')).checkOracle),
  radius: checkRadius,
  none: checkOn,
}

/** One row a checktype that is the same for all services. */
const CHECKTYPES: Readonly<Record<string, Check>> = {
  connect: checkConnect,
  ping: checkPing,
  external: checkExternal,
  'external-perl': checkExternalPerl,
  on: checkOn,
  off: checkOff,
}

/** The services that can be negotiated with, for the start-up message about those that cannot. */
export const negotiableServices: readonly string[] = Object.keys(NEGOTIATE)

function checkFor(probe: Probe): Check {
  const check =
    probe.checktype === 'negotiate' || probe.checktype === 'combined'
      ? NEGOTIATE[probe.service]
      : CHECKTYPES[probe.checktype]
  return check ?? (async () => failed('ERROR', `service ${probe.service} is not checked yet`))
}

/** null: there is no quick way. */
function quickCheckFor({ checktype, service, protocol }: Probe): QuickCheck | null {
  if (checktype === 'connect') return protocol === 'udp' ? null : quickConnect
  return (checktype === 'negotiate' || checktype === 'combined') && service === 'http' ? quickHttp : null
}

export function runCheck(probe: Probe, stopping: AbortSignal): Promise<Outcome> {
  if (stopping.aborted) return Promise.resolve(STOPPED)
  return new Promise(resolve => new UnderWay(probe, stopping, resolve).begin())
}

/** A check between its begin and its outcome. */
class UnderWay implements QuickEnd {
  readonly #probe: Probe
  readonly #all: Set<UnderWay>
  readonly #resolve: (outcome: Outcome) => void
  readonly #progress: Progress = { reached: 'connecting' }
  readonly #deadline: NodeJS.Timeout
  #end: (() => void) | null = null

  constructor(probe: Probe, stopping: AbortSignal, resolve: (outcome: Outcome) => void) {
    this.#probe = probe
    this.#resolve = resolve
    this.#all = underWayUntil(stopping)
    this.#all.add(this)
    this.#deadline = setTimeout(() => this.#giveUp(tooLate(probe, this.#progress)), probe.timeoutMs)
  }

  begin(): void {
    this.#end = quickCheckFor(this.#probe)?.(this.#probe, this.#progress, this) ?? null
    if (this.#end === null) this.goesOn(checkFor(this.#probe))
  }

  goesOn(check: Check): void {
    const controller = new AbortController()
    this.#end = () => controller.abort()
    perform(check, this.#probe, controller.signal, this.#progress).then(
      outcome => this.outcome(outcome),
      error => this.failed(error),
    )
  }

  outcome(outcome: Outcome): void {
    clearTimeout(this.#deadline)
    this.#all.delete(this)
    this.#resolve(withCertificate(outcome, this.#probe, this.#progress))
  }

  failed(error: unknown): void {
    this.#giveUp(outcomeOfError(error, this.#progress.reached))
  }

  stop(): void {
    this.#giveUp(STOPPED)
  }

  #giveUp(outcome: Outcome): void {
    this.outcome(outcome)
    this.#end?.()
  }
}

/** What ends each check that is under way: thousands of listeners of one signal would cost more. */
const underWay = new WeakMap<AbortSignal, Set<UnderWay>>()

function underWayUntil(stopping: AbortSignal): Set<UnderWay> {
  const known = underWay.get(stopping)
  if (known !== undefined) return known
  const fresh = new Set<UnderWay>()
  underWay.set(stopping, fresh)
  stopping.addEventListener(
    'abort',
    () => {
      for (const check of fresh) check.stop()
    },
    { once: true },
  )
  return fresh
}

/** A function of its own, so that a check that throws before its first await rejects as well. */
async function perform(
  check: Check,
  probe: Probe,
  signal: AbortSignal,
  progress: Progress,
): Promise<Outcome> {
  return check(probe, signal, progress)
}

/** The end of the certificate that was seen, and what tlsexpiryfail makes of it. */
function withCertificate(outcome: Outcome, { tls }: Probe, { certificateEndsMs }: Progress): Outcome {
  if (certificateEndsMs === undefined) return outcome
  const leftMs = certificateEndsMs - Date.now()
  const isTooSoon = outcome.passed && isWithinDays(leftMs, tls?.tlsexpiryfail ?? null)
  const verdict = isTooSoon ? failed('L6EXPIRED', certificateText(leftMs)) : outcome
  return { ...verdict, certificateEndsMs }
}

const STOPPED: Outcome = failed('ERROR', 'given up: the daemon stops')

function tooLate(probe: Probe, progress: Progress): Outcome {
  const limit = `within ${probe.timeoutMs / 1000} s`
  switch (progress.reached) {
    case 'connecting':
      return failed('L4TOUT', `no connection ${limit}`)
    case 'securing':
      return failed('L7TOUT', `connected, but TLS was not agreed ${limit}`)
    case 'asking':
      return failed('L7TOUT', `no complete answer ${limit}`)
  }
}
