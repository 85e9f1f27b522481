/** What a failed system call, a broken TLS handshake or a parser's complaint means as the outcome of a check. */
import { failed, type Outcome, type Progress } from './check.js'

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network is unreachable',
  EHOSTDOWN: 'host is down',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name server does not answer',
  EADDRNOTAVAIL: 'no local address or port is left for the connection',
}

/** Shortages of this machine: they say nothing about the server. */
const OWN_FAULTS: Readonly<Record<string, string>> = {
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  ENOBUFS: 'this machine has no network buffers left',
  ENOMEM: 'this machine has no memory left',
}

const PROTOCOL_FAULT = 'ERR_CHECK_PROTOCOL'

/** What a check throws when the server breaks the conversation off or does not follow its protocol: L7RSP. */
export const protocolFault = (message: string): Error =>
  Object.assign(new Error(message), { code: PROTOCOL_FAULT })

const OWN_FAULT = 'ERR_CHECK_OWN'

/** What a check throws when something on this machine keeps it from asking: ERROR. */
export const ownFault = (message: string): Error => Object.assign(new Error(message), { code: OWN_FAULT })

export function outcomeOfError(error: unknown, reached: Progress['reached']): Outcome {
  if (!(error instanceof Error)) return failed('ERROR', `the check failed: ${String(error)}`)
  const code: unknown = (error as NodeJS.ErrnoException).code
  // Libraries put numbers of their own there.
  if (typeof code !== 'string') return failed('ERROR', `the check failed: ${error.message}`)
  if (OWN_FAULTS[code]) return failed('ERROR', OWN_FAULTS[code])
  if (code === PROTOCOL_FAULT && reached === 'asking') return failed('L7RSP', error.message)
  if (code === OWN_FAULT) return failed('ERROR', error.message)
  const certificate = certificateFault(code, error)
  if (certificate) return certificate
  if (reached === 'connecting') {
    return failed(code === 'ETIMEDOUT' ? 'L4TOUT' : 'L4CON', SENTENCES[code] ?? error.message)
  }
  if (reached === 'securing') return failed('L6RSP', `TLS failed: ${tlsReason(error)}`)
  if (code.startsWith('HPE_')) return failed('L7RSP', `the answer is not HTTP: ${error.message}`)
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return failed('L7RSP', 'closed before the answer was complete')
  return failed('L7RSP', SENTENCES[code] ?? error.message)
}

const CERTIFICATE_TIMES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
}

/** OpenSSL's names of the reasons why a chain of certificates is not trusted, as node gives them. */
const UNTRUSTED =
  /^(UNABLE_TO_(GET|DECRYPT|DECODE|VERIFY)_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|CRL_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|ERROR_IN_CERT_)/

/** Why a certificate was not accepted; null: that was not the reason. */
function certificateFault(code: string, error: Error): Outcome | null {
  const time = CERTIFICATE_TIMES[code]
  if (time !== undefined) return failed('L6EXPIRED', time)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { host, reason } = error as Error & { readonly host?: string; readonly reason?: string }
    return failed('L6HOST', `the certificate is not for ${host}: ${printable(reason ?? error.message)}`)
  }
  return UNTRUSTED.test(code) ? failed('L6CERT', `the certificate is not trusted: ${error.message}`) : null
}

/** The names in a certificate are the server's words. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200)

/** OpenSSL's long line `40E7...:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:...`, its reason only. */
function tlsReason(error: Error): string {
  const { code, reason } = error as NodeJS.ErrnoException & { reason?: string }
  if (code === 'ECONNRESET') return 'closed during the handshake'
  return reason ?? error.message
}
