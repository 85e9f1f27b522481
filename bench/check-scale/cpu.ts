/** What checking costs, and whether it keeps its period: 100, 1000 and 3000 reals, checkinterval 1 s. */
import { setTimeout as after } from 'node:timers/promises'
import { printTable } from '../report.js'
import { Contestant, type Kind } from '../scale/contestants.js'
import type { Figures } from '../scale/figures.js'
import { monotonicMs, Reals } from '../scale/reals.js'

const KINDS: readonly Kind[] = ['ours', 'ldirectord', 'keepalived', 'haproxy']
const WINDOW_MS = 5_000
/** The original needs 2 s for one round of 1000 reals and 10 s for one of 3000. */
const LDIRECTORD_WINDOW_MS: Readonly<Record<number, number>> = { 1000: 8_000, 3000: 13_000 }
const SETTLE_MS = 2_500
const ASKED_MS_MAX = 12_000
/** It writes its table with a process for each real first. */
const LDIRECTORD_ASKED_MS_MAX: Readonly<Record<number, number>> = { 1000: 30_000, 3000: 90_000 }
const SIZES = [
  { reals: 100, ofLdirectord: 0.8 },
  { reals: 1000, ofLdirectord: 0.15 },
  { reals: 3000, ofLdirectord: 0.03 },
] as const
const OF_KEEPALIVED = 4
const PERIOD_SECONDS = 1.02
const MEMORY_MB = 75

interface Cost {
  readonly periodSeconds: number
  readonly gapP99Ms: number
  readonly gapMaxMs: number
  readonly cpuPer1000: number
  readonly memoryMb: number
}

export async function cpu(folder: string, figures: Figures): Promise<void> {
  let net = 1
  for (const { reals, ofLdirectord } of SIZES) {
    const costs = new Map<Kind, Cost>()
    for (const kind of KINDS) costs.set(kind, await cost(kind, folder, { net: net++, reals }))
    printTable(
      [`${reals} reals`, 'period s', 'gap p99 ms', 'gap max ms', 'CPU s / 1000', 'PSS MB'],
      [...costs].map(([kind, c]) => [
        kind,
        c.periodSeconds,
        c.gapP99Ms,
        c.gapMaxMs,
        c.cpuPer1000.toFixed(3),
        c.memoryMb,
      ]),
    )
    const ours = costs.get('ours')!
    const peer = (name: Kind, figure: keyof Cost) => ({ name, value: costs.get(name)![figure] })
    if (reals >= 1000)
      figures.add({
        name: `period s, ${reals} reals`,
        ours: ours.periodSeconds,
        peer: peer('ldirectord', 'periodSeconds'),
        aim: { value: PERIOD_SECONDS },
      })
    figures.add(
      {
        name: `CPU s per 1000 checks, ${reals} reals`,
        ours: ours.cpuPer1000,
        peer: peer('ldirectord', 'cpuPer1000'),
        aim: { ratio: ofLdirectord },
      },
      {
        name: `CPU s per 1000 checks, ${reals} reals`,
        ours: ours.cpuPer1000,
        peer: peer('keepalived', 'cpuPer1000'),
        aim: reals === 100 ? {} : { ratio: OF_KEEPALIVED },
      },
    )
    if (reals === 1000)
      figures.add({
        name: 'PSS MB, 1000 reals',
        ours: ours.memoryMb,
        peer: peer('ldirectord', 'memoryMb'),
        aim: { value: MEMORY_MB },
      })
  }
}

async function cost(kind: Kind, folder: string, layout: { net: number; reals: number }): Promise<Cost> {
  const reals = await Reals.open(layout.net, layout.reals)
  const contestant = Contestant.start(kind, folder, layout, true)
  try {
    const startedMs = monotonicMs()
    const askedMsMax = (kind === 'ldirectord' ? LDIRECTORD_ASKED_MS_MAX[layout.reals] : null) ?? ASKED_MS_MAX
    while ((await reals.look()).asked < layout.reals && monotonicMs() - startedMs < askedMsMax) {
      if (contestant.hasEnded) throw new Error(`${kind} ended: ${contestant.said.slice(-500)}`)
      await after(200)
    }
    await after(SETTLE_MS)
    const windowMs = (kind === 'ldirectord' ? LDIRECTORD_WINDOW_MS[layout.reals] : null) ?? WINDOW_MS
    const cpuBefore = contestant.cpuSeconds()
    await reals.look()
    await after(windowMs)
    const seen = await reals.look()
    const cpuPer1000 = ((contestant.cpuSeconds() - cpuBefore) / seen.questions) * 1000
    const periodSeconds = (layout.reals * seen.seconds) / seen.questions
    const { gapP99Ms, gapMaxMs } = seen
    return { periodSeconds, gapP99Ms, gapMaxMs, cpuPer1000, memoryMb: contestant.memoryMb() }
  } finally {
    await contestant.end()
    reals.close()
  }
}
