/** Start and reload of 100 services of ten reals. */
import { setTimeout as after } from 'node:timers/promises'
import { median, printTable } from '../report.js'
import type { Contestant, Kind } from '../scale/contestants.js'
import type { Figures } from '../scale/figures.js'
import { monotonicMs } from '../scale/reals.js'
import { isChange, type Started, start, stop } from './start.js'

const KINDS: readonly Kind[] = ['ours', 'ldirectord', 'keepalived']
const REALS = 1000
const START_MS_MAX = 45_000
/** The original is busy for 7 s with a reload, and with it all checks stop. */
const RELOAD_MS: Readonly<Record<string, number>> = { ours: 3_000, ldirectord: 14_000, keepalived: 5_000 }
const SETTLE_MS = 2_500

interface Reload {
  /** Until the last call of ipvsadm, or until the weight was applied. */
  readonly seconds: number
  readonly processes: number
  /** Changes of the table. */
  readonly edits: number
  /** The longest time that any server was not asked. */
  readonly gapSeconds: number
}

interface Measured {
  readonly started: Started
  readonly same: readonly Reload[]
  readonly weight: readonly Reload[]
}

export async function small(folder: string, figures: Figures, reloads: number): Promise<void> {
  const measured = new Map<Kind, Measured>()
  for (const [index, kind] of KINDS.entries()) {
    const started = await start(kind, folder, 20 + index, REALS, START_MS_MAX)
    await after(SETTLE_MS)
    const same: Reload[] = []
    const weight: Reload[] = []
    try {
      // The original once only: each of its reloads takes long.
      for (let round = 0; round < (kind === 'ldirectord' ? 1 : reloads); round++) {
        same.push(await reload(started, 1 + round))
        weight.push(await reload(started, 2 + round))
      }
    } finally {
      await stop(started)
    }
    measured.set(kind, { started, same, weight })
  }
  printMeasured(measured)
  addFigures(measured, figures)
}

/** @param firstWeight one more than before: a reload with that one change */
async function reload({ contestant, reals }: Started, firstWeight: number): Promise<Reload> {
  await reals.look()
  const sinceMs = monotonicMs()
  contestant.reload({ net: reals.net, reals: REALS, firstWeight })
  await after(RELOAD_MS[contestant.kind]!)
  const { gapMaxMs } = await reals.look()
  return { ...observed(contestant, sinceMs, firstWeight), gapSeconds: gapMaxMs / 1000 }
}

function observed(contestant: Contestant, sinceMs: number, firstWeight: number): Omit<Reload, 'gapSeconds'> {
  const calls = contestant.calls(sinceMs)
  const changes = calls.filter(isChange)
  const applied = changes.find(({ args }) => args.includes(`-w ${firstWeight}`))
  const lastMs = (changes.length === 1 ? applied : calls.at(-1))?.atMs ?? Number.NaN
  const edits = changes.reduce((sum, { lines }) => sum + Math.max(1, lines.length), 0)
  return { seconds: (lastMs - sinceMs) / 1000, processes: calls.length, edits }
}

function printMeasured(measured: ReadonlyMap<Kind, Measured>): void {
  const reloadCells = (all: readonly Reload[]): (string | number)[] => [
    median(all.map(({ seconds }) => seconds)),
    Math.max(...all.map(({ processes }) => processes)).toFixed(0),
    Math.max(...all.map(({ edits }) => edits)).toFixed(0),
    Math.max(...all.map(({ gapSeconds }) => gapSeconds)),
  ]
  const kindHead = ['s', 'processes', 'edits', 'check gap s']
  printTable(
    [
      '100 x 10',
      'start s',
      'processes',
      ...kindHead.map(word => `same: ${word}`),
      ...kindHead.map(word => `weight: ${word}`),
    ],
    [...measured].map(([kind, { started, same, weight }]) => [
      kind,
      started.seconds ?? 'not ended',
      String(started.processes),
      ...reloadCells(same),
      ...reloadCells(weight),
    ]),
  )
}

function addFigures(measured: ReadonlyMap<Kind, Measured>, figures: Figures): void {
  const ours = measured.get('ours')!
  const original = measured.get('ldirectord')!
  const figure = (name: string, value: number, of: (from: Measured) => number | null, aim: number): void =>
    figures.add({ name, ours: value, peer: { name: 'ldirectord', value: of(original) }, aim: { value: aim } })
  const most = (from: Measured, part: 'same' | 'weight', key: keyof Reload): number =>
    Math.max(...from[part].map(reload => reload[key]))
  const middle = (from: Measured, part: 'same' | 'weight'): number =>
    median(from[part].map(({ seconds }) => seconds))
  figure('start 100 x 10, s', ours.started.seconds ?? Number.NaN, from => from.started.seconds, 2)
  figure('start 100 x 10, processes', ours.started.processes, from => from.started.processes, 10)
  figure('reload without a change, s', middle(ours, 'same'), from => middle(from, 'same'), 0.3)
  figure('- processes', most(ours, 'same', 'processes'), from => most(from, 'same', 'processes'), 2)
  figure(
    '- longest time without a check, s',
    most(ours, 'same', 'gapSeconds'),
    from => most(from, 'same', 'gapSeconds'),
    1.2,
  )
  figure('reload with one weight, s', middle(ours, 'weight'), from => middle(from, 'weight'), 0.15)
  figure('- edits of the table', most(ours, 'weight', 'edits'), from => most(from, 'weight', 'edits'), 1)
}
