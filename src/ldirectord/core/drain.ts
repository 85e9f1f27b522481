/**
 * Drains: real servers that an administrator has taken out of service. A drain is about a server as the file writes
 * it (address, with or without port) in one virtual service or in all; it lasts until somebody ends it or its time is
 * over, whatever checks, reloads and restarts say. The list is a value; its text is the state file.
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
}

export const DRAINS_MAX = 10_000
const TEXT_MAX = 200
/** What the list as text never exceeds. */
export const DRAIN_FILE_BYTES_MAX = 16 * 1024 * 1024

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

export function withoutExpired(drains: readonly Drain[], nowMs: number): readonly Drain[] {
  const left = drains.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
  return left.length === drains.length ? drains : left
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

export function printDrains(drains: readonly Drain[]): string {
  return `${JSON.stringify({ version: 1, drains }, null, 1)}\n`
}

/** The list, or why the text is none. One wrong entry makes the whole text wrong: half a list would bring servers back. */
export function parseDrains(text: string): readonly Drain[] | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `is no JSON: ${(error as Error).message}`
  }
  if (!isRecord(value) || value.version !== 1 || !Array.isArray(value.drains)) return 'is no list of drains'
  if (value.drains.length > DRAINS_MAX) return `holds more than ${DRAINS_MAX} drains`
  const wrong = value.drains.findIndex(entry => !isDrain(entry))
  return wrong < 0 ? (value.drains as Drain[]) : `entry ${wrong + 1} is no drain`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDrain(value: unknown): boolean {
  if (!isRecord(value)) return false
  const isText = (text: unknown): boolean => typeof text === 'string' && text.length <= TEXT_MAX
  const isTime = (time: unknown): boolean => typeof time === 'number' && Number.isFinite(time)
  const { address, port, virtual, who, reason, sinceMs, untilMs } = value
  const isPort =
    port === null || (Number.isInteger(port) && (port as number) >= 0 && (port as number) < 65536)
  const isPlace = isText(address) && isPort && (virtual === null || isText(virtual))
  return isPlace && isText(who) && isText(reason) && isTime(sinceMs) && (untilMs === null || isTime(untilMs))
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
