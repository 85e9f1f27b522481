/**
 * Whether a host is drained, from what the directors say. True only when a director lists it, all that list it say
 * weight 0, and whoever it serves is gone. A director that lists nothing (a standby) says nothing; one that cannot be
 * reached says nothing either, once another one has taken over what it had.
 *
 *   virtual                             | drained when
 *   not persistent                      | active <= active_conn, and wait_short has passed
 *   persistent, templates expire        | the same, and wait_persistent has passed
 *   persistent, templates do not expire | no template leads to the host either
 *   udp                                 | no entry is left, or the udp timeout has passed
 */
import {
  type DirectorView,
  entriesOf,
  isLost,
  isView,
  type Reading,
  type RealView,
  templatesOf,
} from '../plan/director-view.js'
import { missingHeir } from '../plan/heir.js'

export interface DrainRule {
  readonly waitPersistentSeconds: number
  readonly waitShortSeconds: number
  readonly activeConn: number
  /** Empty: all. */
  readonly virtuals: readonly string[]
}

export interface VirtualProgress {
  readonly director: string
  readonly virtual: string
  readonly weight: number
  /** In the file; null: unknown. */
  readonly weightInFile: number | null
  readonly active: number
  readonly templates: number
  /** null: nobody can know. */
  readonly waitSeconds: number | null
  readonly isDrained: boolean
}

export interface DrainProgress {
  readonly state: 'drained' | 'waiting'
  /** Whether every director that lists the host says weight 0. */
  readonly isZero: boolean
  readonly virtuals: readonly VirtualProgress[]
  /** What is waited for. */
  readonly why: string
  /** Directors that are done without, because another one has taken over. */
  readonly without: readonly string[]
}

/** `zeroSeconds`: for how long all weights have been 0. */
export function assessDrain(
  readings: readonly Reading[],
  reals: readonly string[],
  rule: DrainRule,
  zeroSeconds: number,
): DrainProgress {
  const views = readings.filter(isView)
  const virtuals = views.flatMap(view =>
    reals.flatMap(real =>
      entriesOf(view, real, rule.virtuals).map(entry => progress(view, entry, real, rule, zeroSeconds)),
    ),
  )
  if (virtuals.length === 0) {
    const lost = readings.find(isLost)
    const why = lost ? `${lost.director}: ${lost.unreachable}` : `no director lists ${reals.join(' or ')}`
    return { state: 'waiting', isZero: false, virtuals, why, without: [] }
  }
  const missing = missingHeir(readings, reals, rule.virtuals)
  if (missing !== null) return { state: 'waiting', isZero: false, virtuals, why: missing, without: [] }
  const isZero = virtuals.every(({ weight }) => weight === 0)
  const open = virtuals.find(({ isDrained }) => !isDrained)
  return {
    state: open === undefined ? 'drained' : 'waiting',
    isZero,
    virtuals,
    why: open ? reason(open) : '',
    without: readings
      .filter(isLost)
      .filter(({ last }) => last !== null)
      .map(({ director, unreachable }) => `done without ${director}: ${unreachable}`),
  }
}

function progress(
  view: DirectorView,
  entry: RealView,
  real: string,
  rule: DrainRule,
  zeroSeconds: number,
): VirtualProgress {
  const isUdp = entry.virtual.startsWith('udp:')
  const isPersistent = entry.persistentSeconds !== null
  const sticks = isPersistent && view.expireTemplate === '0'
  const templates = isPersistent ? templatesOf(view, real) : []
  const floor = isPersistent ? rule.waitPersistentSeconds : rule.waitShortSeconds
  const left = Math.max(0, floor - zeroSeconds)
  const waits: (number | null)[] = [left]
  if (entry.active > rule.activeConn) waits.push(null)
  if (isUdp && entry.inactive > 0) waits.push(Math.max(0, view.udpSeconds - zeroSeconds))
  if (sticks && templates.length > 0) {
    // Measured: a template whose connections are still listed when it ends is given another 60 s.
    const longest = Math.max(...templates.map(({ expiresSeconds }) => expiresSeconds))
    const closing = entry.inactive > 0 ? view.tcpFinSeconds + 60 : 0
    waits.push(entry.active > rule.activeConn ? null : Math.max(1, longest, closing))
  }
  const waitSeconds = waits.includes(null) ? null : Math.max(...(waits as number[]))
  return {
    director: view.director,
    virtual: entry.virtual,
    weight: entry.weight,
    weightInFile: entry.weightInFile,
    active: entry.active,
    templates: templates.length,
    waitSeconds,
    isDrained: entry.weight === 0 && waitSeconds === 0,
  }
}

function reason({ director, virtual, weight, active, templates, waitSeconds }: VirtualProgress): string {
  const wait = waitSeconds === null ? 'until they close' : `wait≈${Math.ceil(waitSeconds)}s`
  return `${director} ${virtual} weight ${weight} active ${active} templates ${templates} ${wait}`
}
