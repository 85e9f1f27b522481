/**
 * A check is an async function with a signal. Outcomes are values; the runner (run-check.ts) owns the deadline and
 * turns an abort, a refused connection or an unexpected exception into an outcome, once, for all checks.
 */

/** Outcome codes, named as HAProxy's check results are where they mean the same. */
export type OutcomeCode =
  | 'OK' // passed
  | 'L4CON' // refused, unreachable, reset while connecting
  | 'L4TOUT' // no connection within the deadline
  | 'L6RSP' // TLS failed
  | 'L7TOUT' // connected, no complete answer within the deadline
  | 'L7RSP' // an answer that does not follow the protocol, or closed too early
  | 'L7STS' // an answer that says no (HTTP status, SMTP code)
  | 'L7CONTENT' // the answer does not match `receive`
  | 'EXIT' // an external check said no
  | 'ERROR' // the check itself failed; it counts as down, and is logged

export interface Outcome {
  readonly passed: boolean
  readonly code: OutcomeCode
  /** One line for logs, monitorfile and status. */
  readonly detail: string
}

/** What is asked of which server. Values come from ldirectord.cf after defaults and inheritance. */
export interface Probe {
  /** The service as in the file: http, https, connect, ping, external ... */
  readonly service: string
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

export type Check = (probe: Probe, signal: AbortSignal) => Promise<Outcome>
