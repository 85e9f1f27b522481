/**
 * Health checks side by side: our ldirectord, the original, keepalived and HAProxy ask the same HTTP servers on loopback.
 *
 *     npm run bench check-scale [PART ...] [N]      parts cpu detect status; N: trials of detect and status (6)
 *
 * cpu: period kept, CPU per 1000 checks (all processes, ended children too) and memory at 100, 1000 and 3000 reals, the
 * contestants one after the other. detect: 100 reals of which 10 are silent, others begin to refuse; all contestants at
 * the same time, servers of their own each. status: `ldirectord status` of a running daemon.
 */

import { Figures } from '../scale/figures.js'
import { inRig } from '../scale/rig.js'
import { cpu } from './cpu.js'
import { detect } from './detect.js'
import { status } from './status.js'

/** Undisturbed it ends within six minutes; half of that is the original's start with 3000 reals and its silent rounds. */
const LIMIT_MS = 420_000
const TRIALS = 6
const PARTS = { cpu, detect, status } as const
type PartName = keyof typeof PARTS
const isPart = (word: string): word is PartName => word in PARTS

const words = process.argv.slice(2)
const bad = words.find(word => !isPart(word) && !(Number(word) >= 1))
if (bad !== undefined) {
  process.stderr.write(`check-scale: no part called ${bad}; there are: ${Object.keys(PARTS).join(', ')}\n`)
  process.exit(2)
}
const trials = words.map(Number).find(number => number >= 1) ?? TRIALS
const wanted = words.filter(isPart)
await inRig('check-scale', LIMIT_MS, async folder => {
  const figures = new Figures()
  for (const name of wanted.length > 0 ? wanted : (Object.keys(PARTS) as PartName[])) {
    process.stdout.write(`part ${name}\n`)
    await PARTS[name](folder, figures, trials)
  }
  figures.print('check-scale')
})
