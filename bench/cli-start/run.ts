/**
 * How long a command takes from start to end, against `node -e 0` (the floor of any Node program). Aim: at most 1.2
 * times. The runs are interleaved, so that a disturbance of the machine hits all alike.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootsIn } from '../../test/peers/harness.js'
import { median, printJson, printTable } from '../report.js'

const RUNS = 20
const AIM = 1.2
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'heartbeat -s': ['dist/bin/heartbeat.cjs', '-s'],
  'cl_status hbstatus': ['dist/bin/cl_status.cjs', 'hbstatus'],
  'ldirectord ldirectord.cf status, runs': ['dist/bin/ldirectord.cjs', 'ldirectord.cf', 'status'],
  // It then reads the whole file, as the original does, to exit with 2 when the file is faulty.
  'ldirectord stopped.cf status, stopped': ['dist/bin/ldirectord.cjs', 'stopped.cf', 'status'],
}

const folder = mkdtempSync(join(tmpdir(), 'systole-cli-start-'))
/** Stands for a running daemon: only its pid file and its command line count. */
const standIn = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120000)', 'ldirectord'], {
  stdio: 'ignore',
})
try {
  cpSync('etc-ha.d', `${folder}/ha.d`, { recursive: true })
  for (const name of ['lib', 'run', 'log']) mkdirSync(`${folder}/${name}`)
  cpSync('etc-ha.d/ldirectord.cf', `${folder}/ha.d/stopped.cf`)
  writeFileSync(`${folder}/run/ldirectord.ldirectord.cf.pid`, `${standIn.pid}\n`)
  const env = {
    ...process.env,
    ...rootsIn(folder),
  }
  const times = new Map<string, number[]>(Object.keys(COMMANDS).map(name => [name, []]))
  for (let round = 0; round <= RUNS; round++) {
    for (const [name, args] of Object.entries(COMMANDS)) {
      const startedMs = performance.now()
      const run = spawnSync(process.execPath, [...args], { env, stdio: 'ignore', timeout: 20_000 })
      if (run.error) throw run.error
      // The first round warms the disk cache.
      if (round > 0) times.get(name)!.push(performance.now() - startedMs)
    }
  }
  const floor = median(times.get('node -e 0')!)
  const rows = [...times].map(([name, values]) => [name, median(values), median(values) / floor] as const)
  printTable(
    ['command', 'median ms', 'ratio'],
    rows.map(row => [...row]),
  )
  const ratios = Object.fromEntries(rows.map(([name, , ratio]) => [name, Number(ratio.toFixed(3))]))
  printJson('cli-start', { runs: RUNS, aim: AIM, floorMs: Number(floor.toFixed(1)), ratios })
} finally {
  standIn.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
