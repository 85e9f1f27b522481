/**
 * Certificates that end soon: what is said of them, and how often. A warning is about a server of a virtual service and
 * comes once a day, so that a log shows it without being full of it.
 */
import type { Outcome } from '../checks/check.js'
import type { LdirectordConfig } from '../config/model.js'
import * as lines from '../log-lines.js'
import { canonicalKey } from './desired.js'
import type { Target } from './director-contract.js'
import { endpoint, serviceId } from './table.js'

const DAY_MS = 86_400_000
/** Servers whose last warning is remembered. */
const REMEMBERED_MAX = 10_000

/** Whether so little is left; null: it does not matter. */
export const isWithinDays = (leftMs: number, days: number | null): boolean =>
  days !== null && leftMs <= days * DAY_MS

export function certificateText(leftMs: number): string {
  const days = Math.floor(Math.abs(leftMs) / DAY_MS)
  const span = days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`
  return leftMs > 0 ? `the certificate expires in ${span}` : `the certificate expired ${span} ago`
}

export class CertificateWarnings {
  /** When each server was last warned of. */
  readonly #saidMs = new Map<string, number>()

  /** The warnings that are due after this outcome. */
  after(
    config: LdirectordConfig,
    targets: readonly Target[],
    { certificateEndsMs }: Outcome,
    nowUnixMs: number,
  ): string[] {
    if (certificateEndsMs === undefined) return []
    const leftMs = certificateEndsMs - nowUnixMs
    return targets.flatMap(({ virtual, real }) => {
      const { key, reals, tls } = config.virtuals[virtual]!
      if (!isWithinDays(leftMs, tls?.tlsexpirywarn ?? null)) return []
      const { address, port } = reals[real]!
      const server = endpoint(address, port)
      const id = `${serviceId(canonicalKey(key))} ${server}`
      const saidMs = this.#saidMs.get(id)
      if (saidMs !== undefined && nowUnixMs - saidMs < DAY_MS && nowUnixMs >= saidMs) return []
      if (this.#saidMs.size >= REMEMBERED_MAX) this.#saidMs.clear()
      this.#saidMs.set(id, nowUnixMs)
      return [lines.certificateEnds(server, canonicalKey(key), certificateText(leftMs))]
    })
  }
}
