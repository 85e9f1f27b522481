/**
 * A check is an async function with a signal. Outcomes are values; the runner (run-check.ts) owns the deadline and
 * turns an abort, a refused connection or an unexpected exception into an outcome, once, for all checks.
 */
import type { TlsDemands } from '../config/model.js'

/** Outcome codes, named as HAProxy's check results are where they mean the same. */
export type OutcomeCode =
  | 'OK' // passed
  | 'L4CON' // refused, unreachable, reset while connecting
  | 'L4TOUT' // no connection within the deadline
  | 'L6RSP' // TLS failed
  | 'L6EXPIRED' // the certificate is not valid now, or ends sooner than the file allows
  | 'L6HOST' // the certificate is another host's
  | 'L6CERT' // the certificate comes from no trusted issuer
  | 'L7TOUT' // connected, no complete answer within the deadline
  | 'L7RSP' // an answer that does not follow the protocol, or closed too early
  | 'L7STS' // an answer that says no (HTTP status, SMTP code)
  | 'L7CONTENT' // the answer does not match `receive`
  | 'EXIT' // an external check said no
  | 'ERROR' // the check itself failed; it counts as down, and is logged

export interface Outcome {
  readonly passed: boolean
  readonly code: OutcomeCode
  /** One line for logs and status. */
  readonly detail: string
  /** What the original writes to the monitorfile where it is not "-": the HTTP status line, or the unmatched body. */
  readonly answer?: string
  /** When the certificate of the server ends (Unix time), where the file wants to know. */
  readonly certificateEndsMs?: number
  /** Where the probe wants them shown. */
  readonly digests?: Readonly<Digests>
}

/** Of a whole answer, in hexadecimal digits. */
export interface Digests {
  md5: string
  sha256: string
}

export const passed = (detail: string): Outcome => ({ passed: true, code: 'OK', detail })
export const failed = (code: Exclude<OutcomeCode, 'OK'>, detail: string): Outcome => ({
  passed: false,
  code,
  detail,
})

/**
 * How far a check has come. The runner reads it when the deadline passes or a connection breaks: a server that
 * does not accept and one that does not answer are different faults.
 */
export interface Progress {
  reached: 'connecting' | 'securing' | 'asking'
  /** Of a certificate that was seen and is watched. */
  certificateEndsMs?: number
}

/** What is asked of which server. Values come from ldirectord.cf after defaults and inheritance. */
export interface Probe {
  /** The service as in the file: http, https, dns ... or none. */
  readonly service: string
  /** Of a combined check (checktype=N) the director says which one is meant: negotiate or connect. */
  readonly checktype: string
  /** The address that is probed, IPv6 without brackets. */
  readonly address: string
  /** checkport, else the real's port, else the service's default port. */
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'fwm'
  /** Path with its leading slash, or a complete URL. */
  readonly request: string
  /** Perl regular expression; '' matches everything. */
  readonly receive: string
  /** MD5 or SHA-256 of the answer; null: any answer. */
  readonly receivedigest: string | null
  /** The outcome shall tell the digests of the answer. */
  readonly showDigest?: true
  /** null: certificates are neither verified, nor watched, nor shown. */
  readonly tls: TlsDemands | null
  readonly httpmethod: 'GET' | 'HEAD'
  readonly virtualhost: string | null
  readonly checkcommand: string
  /** Tries of a ping. */
  readonly checkcount: number
  /** The whole check's deadline. */
  readonly timeoutMs: number
  /** What external commands get as VSERVER VPORT RSERVER RPORT (a mark: its number and 0). */
  readonly external: {
    readonly virtualServer: string
    readonly virtualPort: number
    readonly realServer: string
    readonly realPort: number
  }
  readonly login: string
  readonly passwd: string
  readonly database: string
  readonly secret: string
}

export type Check = (probe: Probe, signal: AbortSignal, progress: Progress) => Promise<Outcome>

/**
 * A check that is made thousands of times a second, without a promise or a signal of its own: it gives the function that
 * ends it, and tells its end once. null: this probe cannot be asked this way here.
 */
export type QuickCheck = (probe: Probe, progress: Progress, told: QuickEnd) => (() => void) | null

export interface QuickEnd {
  outcome(outcome: Outcome): void
  failed(error: Error): void
  /** What has begun so goes on as another check. */
  goesOn(check: Check): void
}
