/**
 * What tlsverify and its companions mean for one connection. Unset, as in the original, nothing is verified and no
 * client certificate shown. The files are looked at before each use and read again when they have changed, so that a
 * renewed certificate needs no reload.
 */
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { TlsDemands } from '../config/model.js'
import type { Probe, Progress } from './check.js'
import { ownFault } from './system-error.js'

/** Debian's; where it is missing, the issuers that come with Node are trusted. */
const SYSTEM_ISSUERS = '/etc/ssl/certs/ca-certificates.crt'
const FILE_BYTES_MAX = 4 << 20
const CONTEXTS_MAX = 200

export interface TlsOptions {
  readonly rejectUnauthorized: boolean
  /** '': no name is asked for, and a verified certificate must carry the address. */
  readonly servername: string
  readonly secureContext?: SecureContext
}

/** @param host whom the connection leads to: the server that is checked, or where it redirected to */
export async function tlsOptions(probe: Probe, host: string = probe.address): Promise<TlsOptions> {
  const { tls } = probe
  const servername = serverName(probe, host)
  if (tls === null) return { rejectUnauthorized: false, servername }
  const secureContext = await contextOf(tls)
  return { rejectUnauthorized: tls.tlsverify, servername, ...(secureContext && { secureContext }) }
}

function serverName({ tls, virtualhost, address }: Probe, host: string): string {
  if (tls !== null && host === address) {
    const name = tls.tlsservername ?? virtualhost?.replace(/:\d+$/, '') ?? ''
    if (name !== '' && isIP(name) === 0) return name
  }
  return isIP(host) ? '' : host
}

interface Kept {
  readonly state: string
  readonly context: SecureContext
}
const contexts = new Map<string, Kept>()

async function contextOf(tls: TlsDemands): Promise<SecureContext | null> {
  const issuers = tls.tlscafile ?? (tls.tlsverify ? SYSTEM_ISSUERS : null)
  const files = [issuers, tls.tlscert, tls.tlskey]
  if (files.every(file => file === null)) return null
  const key = JSON.stringify(files)
  const state = (await Promise.all(files.map(stateOf))).join(' ')
  const kept = contexts.get(key)
  if (kept?.state === state) return kept.context
  const [ca, cert, pem] = await Promise.all(files.map(contentOf))
  let context: SecureContext
  try {
    context = createSecureContext({
      ...(ca !== null && { ca }),
      ...(cert !== null && { cert }),
      ...(pem !== null && { key: pem }),
    } as Parameters<typeof createSecureContext>[0])
  } catch (error) {
    throw ownFault(`${files.filter(Boolean).join(', ')} cannot be used for TLS: ${(error as Error).message}`)
  }
  if (contexts.size >= CONTEXTS_MAX) contexts.clear()
  contexts.set(key, { state, context })
  return context
}

async function stateOf(path: string | null): Promise<string> {
  if (path === null) return '-'
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs},${size},${ino}`
  } catch {
    return 'missing'
  }
}

/** null: none is wanted, or the system keeps no issuers where they are expected. */
async function contentOf(path: string | null): Promise<Buffer | null> {
  if (path === null) return null
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes`)
    return await readFile(path)
  } catch (error) {
    if (path === SYSTEM_ISSUERS) return null
    throw ownFault(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** To be called when TLS stands: remembers when the server's certificate ends, where the file wants to know. */
export function noteCertificate(socket: TLSSocket, { tls }: Probe, progress: Progress): void {
  if (tls === null || (tls.tlsexpirywarn === null && tls.tlsexpiryfail === null)) return
  const endsMs = Date.parse(socket.getPeerCertificate().valid_to)
  if (!Number.isNaN(endsMs)) progress.certificateEndsMs = endsMs
}
