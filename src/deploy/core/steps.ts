/**
 * The life of one host in a run, as a table: each step, and where success and failure lead. Forward: the new release
 * gets in. Backward: the old one gets back. A step may be carried out again at any time (after a kill it is), so each
 * is idempotent. Where a row names an end, the host is there once the step is over.
 *
 *   upload -> prepare -> waiting | drain -> swap -> switch -> gate -> rejoin -> watch -> keep -> done
 *                                    |       '--------+--------'         '------'
 *                                 release             |                     |
 *                                    |              unswap  <------------ quiesce
 *                                 stopped             '-> reswitch -> regate -> readmit -> spoil -> rolledBack
 *                                                             '---------+---------'-> hold -> held
 */

export type HostStep = (typeof HOST_STEPS)[number]
export const HOST_STEPS = [
  'upload',
  'prepare',
  'discard',
  'drain',
  'release',
  'swap',
  'switch',
  'gate',
  'rejoin',
  'watch',
  'keep',
  'redrain',
  'quiesce',
  'unswap',
  'reswitch',
  'regate',
  'readmit',
  'spoil',
  'hold',
  'onFail',
] as const

/**
 * done       | serves the new release
 * untouched  | its turn never came: the old release, full weight
 * stopped    | failed before the switch: the old release, full weight
 * rolledBack | failed after the switch: the old release again, full weight
 * held       | stays at weight 0: somebody must look
 */
export type Fate = 'done' | 'untouched' | 'stopped' | 'rolledBack' | 'held'

export type Place = HostStep | 'waiting' | Fate

interface Row {
  readonly ok: Place
  readonly failed: Place
  /** Where an interrupted run that is given up continues from here. */
  readonly abort: Place
}

export const PATH: Readonly<Record<HostStep, Row>> = {
  upload: { ok: 'prepare', failed: 'stopped', abort: 'untouched' },
  prepare: { ok: 'waiting', failed: 'discard', abort: 'untouched' },
  // The release is marked bad; the host never left its place.
  discard: { ok: 'stopped', failed: 'stopped', abort: 'discard' },
  drain: { ok: 'swap', failed: 'release', abort: 'release' },
  release: { ok: 'stopped', failed: 'held', abort: 'release' },
  // A failed switch may have happened all the same (the answer was lost): the way back is taken in any case.
  swap: { ok: 'switch', failed: 'unswap', abort: 'unswap' },
  switch: { ok: 'gate', failed: 'unswap', abort: 'unswap' },
  gate: { ok: 'rejoin', failed: 'unswap', abort: 'unswap' },
  rejoin: { ok: 'watch', failed: 'quiesce', abort: 'quiesce' },
  watch: { ok: 'keep', failed: 'quiesce', abort: 'quiesce' },
  // Verified: what is left is the mark, and without it the release is only no target of a rollback.
  keep: { ok: 'done', failed: 'done', abort: 'keep' },
  // Back from done, when the whole run is undone: its clients are waited for as on the way in.
  redrain: { ok: 'unswap', failed: 'unswap', abort: 'redrain' },
  // Weight 0 at once, nobody is waited for: the release is broken.
  quiesce: { ok: 'unswap', failed: 'unswap', abort: 'quiesce' },
  unswap: { ok: 'reswitch', failed: 'hold', abort: 'unswap' },
  reswitch: { ok: 'regate', failed: 'hold', abort: 'reswitch' },
  regate: { ok: 'readmit', failed: 'hold', abort: 'regate' },
  readmit: { ok: 'spoil', failed: 'hold', abort: 'readmit' },
  spoil: { ok: 'rolledBack', failed: 'rolledBack', abort: 'spoil' },
  hold: { ok: 'held', failed: 'held', abort: 'hold' },
  onFail: { ok: 'stopped', failed: 'stopped', abort: 'onFail' },
}

const FATES: ReadonlySet<Place> = new Set<Place>(['done', 'untouched', 'stopped', 'rolledBack', 'held'])
export const isFate = (place: Place): place is Fate => FATES.has(place)

/** Steps between a drain and its end: no client may come meanwhile. */
export const NEEDS_WEIGHT_ZERO: ReadonlySet<Step> = new Set<Step>([
  'swap',
  'switch',
  'gate',
  'unswap',
  'reswitch',
  'regate',
])

/** Steps of the run as a whole. */
export type RunStep = 'beforeAll' | 'readTuning' | 'tune' | 'capacity' | 'pause' | 'restore' | 'afterAll'
export type Step = HostStep | RunStep
