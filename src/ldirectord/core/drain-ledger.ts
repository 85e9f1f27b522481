/**
 * What is known of every place that is or was drained, with a stamp each, so that two directors that meet again can
 * agree: of two entries for one place the one with the later stamp holds, of two equal stamps that of the greater node
 * name. A stamp is the time of the change on its node, and always later than every stamp that node had seen, so a
 * change made in knowledge of another one wins even where the clocks of the two nodes differ.
 */
import { createHash } from 'node:crypto'
import { DRAINS_MAX, type Drain, placeOf } from './drain.js'
import type { Place } from './find-server.js'

export interface Entry {
  readonly place: Place
  /** null: it was undrained, or its time was over. */
  readonly drain: Drain | null
  readonly stampMs: number
  /** Where the change was made. */
  readonly node: string
}

/** By placeOf. */
export type Ledger = ReadonlyMap<string, Entry>

export const EMPTY_LEDGER: Ledger = new Map()
/** Ended drains that are remembered; a director that was away while more than that ended may bring an old one back. */
export const ENDED_MAX = 1_000
/** Later than any clock tells, and still a number that can be counted up. */
export const STAMP_MAX = 8e15

export function drainsOf(ledger: Ledger): readonly Drain[] {
  return [...ledger.values()].flatMap(({ drain }) => drain ?? [])
}

export interface Noted {
  readonly ledger: Ledger
  readonly changed: readonly Entry[]
}

/** The ledger after the list of drains has become `list` here. */
export function noted(ledger: Ledger, list: readonly Drain[], nowMs: number, node: string): Noted {
  const before = new Map(drainsOf(ledger).map(drain => [placeOf(drain), drain]))
  const after = new Map(list.map(drain => [placeOf(drain), drain]))
  const places: readonly (readonly [Drain, Drain | null])[] = [
    ...[...before].flatMap(([id, drain]) => (after.has(id) ? [] : [[drain, null] as const])),
    ...[...after].flatMap(([id, drain]) => (before.get(id) === drain ? [] : [[drain, drain] as const])),
  ]
  const stampMs = nextStamp(ledger, nowMs)
  const changed = places.map(([place, drain]) => ({ place: onlyPlace(place), drain, stampMs, node }))
  return { ledger: withEntries(ledger, changed), changed }
}

/** Takes over what others know better; the same ledger when nobody does. */
export function merged(ledger: Ledger, entries: readonly Entry[], nowMs: number): Ledger {
  const better = new Map<string, Entry>()
  for (const said of entries) {
    const id = placeOf(said.place)
    const entry = isOver(said, nowMs) ? { ...said, drain: null } : said
    if (isNewer(entry, better.get(id) ?? ledger.get(id))) better.set(id, entry)
  }
  return better.size === 0 ? ledger : withEntries(ledger, [...better.values()])
}

/** Ends the drains whose time is over; the same ledger when there are none. */
export function withoutOver(ledger: Ledger, nowMs: number): Ledger {
  const over = [...ledger.values()].filter(entry => isOver(entry, nowMs))
  return over.length === 0
    ? ledger
    : withEntries(
        ledger,
        over.map(entry => ({ ...entry, drain: null })),
      )
}

/** Two ledgers that hold the same have the same digest. */
export function digestOf(ledger: Ledger): string {
  const lines = [...ledger]
    .map(([id, { stampMs, node, drain }]) => `${id} ${stampMs} ${node} ${drain === null}\n`)
    .sort()
  return createHash('sha1').update(lines.join('')).digest('hex')
}

function isNewer(a: Entry, b: Entry | undefined): boolean {
  if (b === undefined) return true
  if (a.stampMs !== b.stampMs) return a.stampMs > b.stampMs
  if (a.node !== b.node) return a.node > b.node
  // One and the same drain, whose time is over on one clock and not yet on the other.
  return a.drain === null && b.drain !== null
}

function nextStamp(ledger: Ledger, nowMs: number): number {
  let latest = 0
  for (const { stampMs } of ledger.values()) latest = Math.max(latest, stampMs)
  return Math.max(nowMs, Math.min(latest + 1, STAMP_MAX))
}

function withEntries(ledger: Ledger, entries: readonly Entry[]): Ledger {
  const all = new Map(ledger)
  let room = DRAINS_MAX - drainsOf(ledger).length
  for (const entry of entries) {
    const id = placeOf(entry.place)
    const wasDrained = (all.get(id)?.drain ?? null) !== null
    const grows = Number(entry.drain !== null) - Number(wasDrained)
    if (grows > room) continue
    room -= grows
    // Last in order is what changed last.
    all.delete(id)
    all.set(id, entry)
  }
  return withoutOldest(all)
}

/** Which ends are forgotten depends on nothing but the entries, so that both directors forget the same. */
function withoutOldest(all: Map<string, Entry>): Ledger {
  const ended = [...all].filter(([, { drain }]) => drain === null)
  if (ended.length <= ENDED_MAX) return all
  ended.sort(([a, x], [b, y]) => x.stampMs - y.stampMs || (a < b ? -1 : 1))
  for (const [id] of ended.slice(0, ended.length - ENDED_MAX)) all.delete(id)
  return all
}

function isOver({ drain }: Entry, nowMs: number): boolean {
  return drain !== null && drain.untilMs !== null && drain.untilMs <= nowMs
}

const onlyPlace = ({ address, port, virtual }: Place): Place => ({ address, port, virtual })
