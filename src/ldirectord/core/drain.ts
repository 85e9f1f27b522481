/**
 * Drains: real servers that an administrator has taken out of service. A drain is about a server as the file writes
 * it (address, with or without port) in one virtual service or in all; it lasts until somebody ends it or its time is
 * over, whatever checks, reloads and restarts say. One with a weight takes out a part: the server serves as its checks
 * say, with no more than that weight, which is how it comes back slowly.
 */
import { canonicalAddress } from './address.js'
import { endpoint } from './table.js'

export interface Drain {
  readonly address: string
  /** null: every port of the address. */
  readonly port: number | null
  /** Service id such as `tcp:10.0.0.1:80`; null: every virtual service. */
  readonly virtual: string | null
  readonly who: string
  /** '' when none was given. */
  readonly reason: string
  /** Unix time. */
  readonly sinceMs: number
  /** Unix time at which it ends by itself; null: never. */
  readonly untilMs: number | null
  /** What it may get meanwhile at most; absent: nothing. */
  readonly weight?: number
}

export const DRAINS_MAX = 10_000
/** Characters of each text. */
export const TEXT_MAX = 200

export const WEIGHT_MAX = 65_535

/** Whether it is taken out altogether. */
export const takesOut = (drain: Drain | null): drain is Drain => drain !== null && !drain.weight

/** Where a drain applies: two drains with the same place are one. */
export function placeOf({ address, port, virtual }: Pick<Drain, 'address' | 'port' | 'virtual'>): string {
  return `${port === null ? address : endpoint(address, port)}${virtual === null ? '' : ` in ${virtual}`}`
}

/** null: the list is full. */
export function withDrain(drains: readonly Drain[], drain: Drain): readonly Drain[] | null {
  const others = drains.filter(old => placeOf(old) !== placeOf(drain))
  return others.length >= DRAINS_MAX ? null : [...others, { ...drain, ...limited(drain) }]
}

/** Ends what stands at this place; without a virtual, every drain of the server. */
export function withoutDrain(
  drains: readonly Drain[],
  ended: Pick<Drain, 'address' | 'port' | 'virtual'>,
): readonly Drain[] {
  return drains.filter(
    drain =>
      drain.address !== ended.address ||
      (ended.port !== null && drain.port !== ended.port) ||
      (ended.virtual !== null && drain.virtual !== ended.virtual),
  )
}

/** The drain that holds this server of this virtual service out; the most specific one where there are several. */
export function drainOf(
  drains: readonly Drain[],
  virtual: string,
  server: { readonly address: string; readonly port: number },
): Drain | null {
  const address = canonicalAddress(server.address)
  const weightOf = (drain: Drain): number => (drain.virtual === null ? 0 : 2) + (drain.port === null ? 0 : 1)
  let found: Drain | null = null
  for (const drain of drains) {
    if (drain.address !== address) continue
    if (drain.port !== null && drain.port !== server.port) continue
    if (drain.virtual !== null && drain.virtual !== virtual) continue
    if (found === null || weightOf(drain) > weightOf(found)) found = drain
  }
  return found
}

/** Foreign text for logs and tables: one line of limited length, without control characters. */
function limited({ who, reason }: Pick<Drain, 'who' | 'reason'>): Pick<Drain, 'who' | 'reason'> {
  const line = (text: string): string =>
    text
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, TEXT_MAX)
  return { who: line(who), reason: line(reason) }
}
