/**
 * Health checks side by side: our ldirectord, the original, keepalived and HAProxy ask the same HTTP servers on loopback.
 *
 *     npm run bench check-scale [PART ...] [N]      parts cpu detect status; N: trials of detect and status (6)
 *
 * cpu: period kept, CPU per 1000 checks (all processes, ended children too) and memory at 100, 1000 and 3000 reals, the
 * contestants one after the other. detect: 100 reals of which 10 are silent, others begin to refuse; all contestants at
 * the same time, servers of their own each. status: `ldirectord status` of a running daemon.
 */
import { runParts } from '../scale/run-parts.js'
import { cpu } from './cpu.js'
import { detect } from './detect.js'
import { status } from './status.js'

/** Undisturbed it ends within six minutes; half of that is the original's start with 3000 reals and its silent rounds. */
await runParts('check-scale', { cpu, detect, status }, { limitMs: 420_000, usualTimes: 6 })
