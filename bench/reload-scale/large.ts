/** Start of 1000 services of ten reals. The original does not come to the end of it. */
import { printTable } from '../report.js'
import type { Figures } from '../scale/figures.js'
import { type Started, start, stop } from './start.js'

const REALS = 10_000
const LIMIT_MS = 60_000
const LDIRECTORD_MS = 25_000

export async function large(folder: string, figures: Figures): Promise<void> {
  const measured: Record<string, Started> = {}
  for (const [index, kind] of (['ours', 'keepalived', 'ldirectord'] as const).entries()) {
    const limitMs = kind === 'ldirectord' ? LDIRECTORD_MS : LIMIT_MS
    measured[kind] = await start(kind, folder, 30 + index, REALS, limitMs)
    await stop(measured[kind])
  }
  printTable(
    ['1000 x 10', 'complete s', 'reals done', 'processes'],
    Object.entries(measured).map(([kind, { seconds, done, processes }]) => [
      kind,
      seconds ?? 'not ended',
      String(done),
      String(processes),
    ]),
  )
  const { ours, keepalived, ldirectord } = measured as {
    [K in 'ours' | 'keepalived' | 'ldirectord']: Started
  }
  figures.add(
    {
      name: 'start 1000 x 10, s',
      ours: ours.seconds ?? Number.NaN,
      peer: { name: 'keepalived', value: keepalived.seconds },
      aim: { value: 6 },
    },
    {
      name: 'start 1000 x 10, processes',
      ours: ours.processes,
      peer: { name: 'ldirectord', value: ldirectord.seconds === null ? null : ldirectord.processes },
      aim: { value: 10 },
    },
  )
}
