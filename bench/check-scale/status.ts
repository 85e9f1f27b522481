/** `ldirectord status` of a running daemon with 100 reals: ours and the original's, interleaved. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { median } from '../report.js'
import type { Figures } from '../scale/figures.js'
import { ldirectordFile } from '../scale/files.js'

const OF_ORIGINAL = 0.45
const REALS = 100

export async function status(folder: string, figures: Figures, runs: number): Promise<void> {
  const place = `${folder}/status`
  mkdirSync(`${place}/run`, { recursive: true })
  const file = `${place}/bench.cf`
  writeFileSync(file, ldirectordFile({ net: 90, reals: REALS }, [`logfile="${place}/log"`]))
  const env = {
    ...process.env,
    IPVS_BENCH_DIR: place,
    HA_VARRUN: `${place}/run`,
    LDIRECTORD_FORWARDER: 'ipvs',
  }
  const programs = {
    ours: [process.execPath, 'dist/bin/ldirectord.cjs'],
    original: ['/usr/sbin/ldirectord'],
  } as const
  const run = ([program, ...args]: readonly string[], action: string): number => {
    const startedMs = performance.now()
    const { status, stderr } = spawnSync(program!, [...args, file, action], {
      env,
      timeout: 30_000,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${program} ${action} ended with ${status}: ${stderr}`)
    return performance.now() - startedMs
  }
  const times = { ours: [] as number[], original: [] as number[] }
  try {
    for (const program of Object.values(programs)) run(program, 'start')
    for (let round = 0; round <= runs; round++) {
      for (const name of ['ours', 'original'] as const) {
        const ms = run(programs[name], 'status')
        if (round > 0) times[name].push(ms)
      }
    }
  } finally {
    for (const program of Object.values(programs)) run(program, 'stop')
  }
  figures.add({
    name: 'status, ms',
    ours: median(times.ours),
    peer: { name: 'ldirectord', value: median(times.original) },
    aim: { ratio: OF_ORIGINAL },
  })
}
