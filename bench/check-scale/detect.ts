/**
 * How soon a server that fails is out of service, 100 reals, while ten of them are silent. In each trial one server of
 * each ten begins to refuse at a moment of its own, and returns.
 */
import { setTimeout as after } from 'node:timers/promises'
import { median, percentile, printTable } from '../report.js'
import { Contestant, type Kind } from '../scale/contestants.js'
import type { Figures } from '../scale/figures.js'
import { monotonicMs, type RealMode, Reals } from '../scale/reals.js'

const KINDS: readonly Kind[] = ['ours', 'ldirectord', 'keepalived', 'haproxy']
const REALS = 100
const SILENT = 10
const LIMIT_MS = 40_000
/** A contestant does as many trials as this leaves time for, at least one. */
const TRIALS_MS = 30_000
const START_MS_MAX = 10_000
const CHECK_LIMIT_SECONDS = 3
/** Half a second of chance between two trials, so that they do not keep step with the interval. */
const PAUSE_MS = 1_100

interface Detection {
  readonly silent: readonly number[]
  readonly refused: readonly number[]
  readonly recovered: readonly number[]
}

export async function detect(folder: string, figures: Figures, trials: number): Promise<void> {
  const found = new Map<Kind, Detection>(
    await Promise.all(
      KINDS.map(async (kind, index) => [kind, await tried(kind, folder, 100 + index, trials)] as const),
    ),
  )
  printTable(
    ['s', 'n', 'silent med', 'max', 'refused med', 'p90', 'max', 'back med', 'max'],
    [...found].map(([kind, { silent, refused, recovered }]) => [
      kind,
      String(refused.length),
      median(silent),
      Math.max(...silent),
      median(refused),
      percentile(refused, 90),
      Math.max(...refused),
      median(recovered),
      Math.max(...recovered),
    ]),
  )
  const ours = found.get('ours')!
  const original = found.get('ldirectord')!
  figures.add(
    {
      name: 'refused while 10 % silent, median s',
      ours: median(ours.refused),
      peer: { name: 'ldirectord', value: median(original.refused) },
      aim: { ratio: 0.05 },
    },
    {
      name: 'refused while 10 % silent, max s',
      ours: Math.max(...ours.refused),
      peer: { name: 'ldirectord', value: Math.max(...original.refused) },
      aim: { value: 1.1 },
    },
    {
      name: 'silent, max s',
      ours: Math.max(...ours.silent),
      peer: { name: 'keepalived', value: Math.max(...found.get('keepalived')!.silent) },
      aim: { value: CHECK_LIMIT_SECONDS + 1.05 },
    },
  )
}

async function tried(kind: Kind, folder: string, net: number, trials: number): Promise<Detection> {
  const reals = await Reals.open(net, REALS)
  const contestant = Contestant.start(kind, folder, { net, reals: REALS }, true)
  const seconds = { silent: [] as number[], refused: [] as number[], recovered: [] as number[] }
  const note = (list: number[], ms: number | null): void => {
    list.push((ms ?? LIMIT_MS) / 1000)
  }
  try {
    const startedMs = monotonicMs()
    while ((await reals.look()).asked < REALS && monotonicMs() - startedMs < START_MS_MAX) await after(100)
    await after(2_000 + Math.random() * 1_000)
    const silenced = await Promise.all(
      Array.from({ length: SILENT }, async (_, index) => {
        const real = index * SILENT + 5
        await after(Math.random() * 1_000)
        const sinceMs = await reals.set(real, 'silent')
        return contestant.reacted(real, net, 'out', sinceMs, LIMIT_MS)
      }),
    )
    for (const ms of silenced) note(seconds.silent, ms)
    const change = (real: number, mode: RealMode, to: 'out' | 'in'): Promise<number | null> =>
      after(PAUSE_MS * Math.random()).then(async () =>
        contestant.reacted(real, net, to, await reals.set(real, mode), LIMIT_MS),
      )
    const failing = Array.from({ length: REALS / SILENT }, (_, index) => index * SILENT + 2)
    const trialsMs = monotonicMs()
    for (let trial = 0; trial < trials; trial++) {
      if (trial > 0 && monotonicMs() - trialsMs > TRIALS_MS) break
      const out = await Promise.all(failing.map(real => change(real, 'refuses', 'out')))
      for (const ms of out) note(seconds.refused, ms)
      const back = await Promise.all(failing.map(real => change(real, 'answers', 'in')))
      for (const ms of back) note(seconds.recovered, ms)
    }
    return seconds
  } finally {
    await contestant.end()
    reals.close()
  }
}
