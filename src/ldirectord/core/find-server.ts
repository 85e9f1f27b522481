/** Which real server, and which virtual service, an administrator means: as the file writes them, or by address. */
import type { LdirectordConfig, RealServer, VirtualService } from '../config/model.js'
import { serviceText } from '../log-lines.js'
import { canonicalAddress } from './address.js'
import { canonicalKey } from './desired.js'
import type { Drain } from './drain.js'
import { endpoint, serviceId } from './table.js'

export type Place = Pick<Drain, 'address' | 'port' | 'virtual'>

/** The place, or one sentence that says why there is none. */
export function findServer(config: LdirectordConfig, server: string, virtual: string | null): Place | string {
  const virtuals =
    virtual === null ? config.virtuals : config.virtuals.filter(candidate => isNamed(candidate, virtual))
  if (virtuals.length === 0) return `no virtual service ${virtual} in ${config.file}`
  const id = virtual === null ? null : serviceId(canonicalKey(virtuals[0]!.key))
  for (const real of virtuals.flatMap(({ reals }) => reals)) {
    const named = namedBy(real, server)
    if (named !== null) return { ...named, virtual: id }
  }
  const where = virtual === null ? config.file : `virtual service ${virtual} of ${config.file}`
  return `no real server ${server} in ${where}`
}

function isNamed({ key: written, text, servicename }: VirtualService, name: string): boolean {
  const key = canonicalKey(written)
  return [text.trim(), servicename, serviceText(key), serviceId(key)].includes(name)
}

/** Address and port, or the address alone where the name says no port. */
function namedBy(real: RealServer, name: string): Omit<Place, 'virtual'> | null {
  const address = canonicalAddress(real.address)
  const [written] = real.text.trim().split(/[ \t]/, 1)
  if (name === endpoint(address, real.port) || name === `${bracketed(real.address)}:${real.port}`)
    return { address, port: real.port }
  if (canonicalAddress(name) === address) return { address, port: null }
  // A range is many servers: its text names none of them.
  if (written === undefined || written.includes('->')) return null
  if (name === written) return { address, port: /:\w+$/.test(written) ? real.port : null }
  if (written.startsWith(`${name}:`) && !name.includes(':')) return { address, port: null }
  return null
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)
