/**
 * The ledger of drains as text: the state file, and the entries that directors send each other. The list of drains
 * stands by itself; `marks` beside it hold stamp and node of each place, also of those that are not drained any more.
 * A list without marks is one from before there were any: it is as old as its drains.
 */
import { DRAINS_MAX, type Drain, placeOf, TEXT_MAX, WEIGHT_MAX } from './drain.js'
import { drainsOf, ENDED_MAX, type Entry, type Ledger, STAMP_MAX } from './drain-ledger.js'
import type { Place } from './find-server.js'

/** What a ledger as text never exceeds. */
export const DRAIN_FILE_BYTES_MAX = 32 * 1024 * 1024
/** Entries in one message. */
const ENTRIES_MAX = 1_000

export function printLedger(ledger: Ledger): string {
  const marks = [...ledger.values()].map(({ place, stampMs, node }) => ({ ...place, stampMs, node }))
  return `${JSON.stringify({ version: 1, drains: drainsOf(ledger), marks }, null, 1)}\n`
}

/** The ledger, or why the text is none. One wrong entry makes the whole text wrong: half a list would bring servers back. */
export function parseLedger(text: string): Ledger | string {
  const value = jsonOf(text)
  if (value instanceof Error) return `is no JSON: ${value.message}`
  if (!isRecord(value) || value.version !== 1 || !Array.isArray(value.drains)) return 'is no list of drains'
  const { drains, marks = [] } = value
  if (drains.length > DRAINS_MAX) return `holds more than ${DRAINS_MAX} drains`
  if (!Array.isArray(marks) || marks.length > DRAINS_MAX + ENDED_MAX) return 'holds marks that are none'
  const wrong = drains.findIndex(entry => !isDrain(entry))
  if (wrong >= 0) return `entry ${wrong + 1} is no drain`
  const wrongMark = marks.findIndex(entry => !isRecord(entry) || !isPlace(entry) || !isStamp(entry))
  if (wrongMark >= 0) return `mark ${wrongMark + 1} is none`
  return ledgerFrom(drains as Drain[], marks as (Place & Stamp)[])
}

type Stamp = Pick<Entry, 'stampMs' | 'node'>

function ledgerFrom(drains: readonly Drain[], marks: readonly (Place & Stamp)[]): Ledger {
  const ledger = new Map<string, Entry>()
  for (const { stampMs, node, ...place } of marks)
    ledger.set(placeOf(place), { place: placeIn(place), drain: null, stampMs, node })
  for (const drain of drains) {
    const { stampMs, node } = ledger.get(placeOf(drain)) ?? { stampMs: drain.sinceMs, node: '' }
    ledger.set(placeOf(drain), { place: placeIn(drain), drain, stampMs, node })
  }
  return ledger
}

/** Plain ASCII, as a field of a cluster message wants it. */
export function printEntries(entries: readonly Entry[]): string {
  return JSON.stringify(entries).replace(
    /[\x7f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** null: foreign text that is no list of entries; then none of it is used. */
export function parseEntries(text: string): readonly Entry[] | null {
  const value = jsonOf(text)
  if (!Array.isArray(value) || value.length > ENTRIES_MAX) return null
  return value.every(isEntry) ? value : null
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}

const placeIn = ({ address, port, virtual }: Place): Place => ({ address, port, virtual })

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value) || !isStamp(value)) return false
  const { place, drain } = value
  if (!isRecord(place) || !isPlace(place)) return false
  return drain === null || (isDrain(drain) && placeOf(drain) === placeOf(place as Place))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One line, as withDrain makes it: these texts stand in logs and tables. */
const isText = (text: unknown): boolean =>
  typeof text === 'string' && text.length <= TEXT_MAX && !/\p{Cc}/u.test(text)
const isTime = (time: unknown): boolean => typeof time === 'number' && Number.isFinite(time)

function isStamp({ stampMs, node }: Record<string, unknown>): boolean {
  return isText(node) && Number.isInteger(stampMs) && Math.abs(stampMs as number) <= STAMP_MAX
}

function isPlace({ address, port, virtual }: Record<string, unknown>): boolean {
  const isPort =
    port === null || (Number.isInteger(port) && (port as number) >= 0 && (port as number) < 65536)
  return isText(address) && isPort && (virtual === null || isText(virtual))
}

function isDrain(value: unknown): value is Drain {
  if (!isRecord(value) || !isPlace(value)) return false
  const { who, reason, sinceMs, untilMs, weight } = value
  const isWeight = Number.isInteger(weight) && (weight as number) >= 0 && (weight as number) <= WEIGHT_MAX
  if (weight !== undefined && !isWeight) return false
  return isText(who) && isText(reason) && isTime(sinceMs) && (untilMs === null || isTime(untilMs))
}
