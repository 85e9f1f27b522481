/**
 * The programs of `respawn` and `failfast`: which are run, as whom, and what becomes of one that has ended. The rules
 * and the words are those of heartbeat 3.0.6: one second between two lives, none after exit code 100, none after
 * eleven lives in a row of less than thirty seconds. One of failfast that ends otherwise than by itself with exit code 0
 * reboots the machine; never while the daemon leaves.
 */
import { type Respawn, respawnArguments } from '../../config/clients.js'
import { isIpfail } from '../../config/host.js'

export interface ChildProgram {
  /** As ha.cf has it: how the log calls it. */
  readonly command: string
  readonly path: string
  readonly args: readonly string[]
  readonly user: string
  readonly uid: number
  readonly gid: number
  /** The machine is rebooted when it dies. */
  readonly isFailfast: boolean
}

export interface ChildFacts {
  readonly ownUid: number
  readonly uidOf: (user: string) => number | undefined
  /** The primary group. */
  readonly gidOf: (user: string) => number | undefined
  readonly isExecutable: (path: string) => boolean
  /** False: ping nodes are configured, but cannot be asked. */
  readonly canPing: boolean
}

export interface PlannedChildren {
  readonly children: readonly ChildProgram[]
  /** ipfail is wanted, and its program is not installed: the daemon does its work. */
  readonly needsBuiltInIpfail: boolean
  /** Why some are not run. */
  readonly warnings: readonly string[]
}

/** Where distributions have put it. */
const IPFAIL_PATHS = [
  '/usr/libexec/heartbeat/ipfail',
  '/usr/lib/heartbeat/ipfail',
  '/usr/lib64/heartbeat/ipfail',
]

/** A line of respawn or failfast. */
export type ChildLine = Respawn & { readonly isFailfast: boolean }

export function planChildren(lines: readonly ChildLine[], facts: ChildFacts): PlannedChildren {
  const children: ChildProgram[] = []
  const warnings: string[] = []
  let needsBuiltInIpfail = false
  for (const line of lines) {
    const child = planChild(line, facts)
    if (child === 'built-in') needsBuiltInIpfail = true
    else if (typeof child === 'string') warnings.push(`${line.command} is not started: ${child}`)
    else children.push(child)
  }
  return { children, needsBuiltInIpfail, warnings }
}

function planChild({ user, path, command, isFailfast }: ChildLine, facts: ChildFacts): ChildProgram | string {
  const uid = facts.uidOf(user)
  const gid = facts.gidOf(user)
  if (uid === undefined || gid === undefined) return `there is no user ${user}`
  if (facts.ownUid !== 0 && facts.ownUid !== uid) return `only root can run it as ${user}`
  // It would count no reachable ping node, and so make this node give up everything.
  if (isIpfail(path) && !facts.canPing) return 'this node cannot ping'
  const isElsewhere = isIpfail(path) && !facts.isExecutable(path)
  const found = isElsewhere ? IPFAIL_PATHS.find(facts.isExecutable) : path
  if (found === undefined) return 'built-in'
  return { command, path: found, args: respawnArguments(command), user, uid, gid, isFailfast }
}

export const RESPAWN_DELAY_MS = 1_000
const SHORT_LIFE_MS = 30_000
const SHORT_LIVES_MAX = 10
/** Exit code of a program that does not want to be started again. */
const NOT_AGAIN = 100

/** Counts the short lives of one program. */
export class Lives {
  #short = 0

  ended(exitCode: number | null, livedMs: number): 'again' | 'leave' | 'tooFast' {
    if (exitCode === NOT_AGAIN) return 'leave'
    this.#short = livedMs < SHORT_LIFE_MS ? this.#short + 1 : 0
    if (this.#short <= SHORT_LIVES_MAX) return 'again'
    this.#short = 0
    return 'tooFast'
  }
}

export const startingChild = ({ command, uid, gid }: ChildProgram): string =>
  `Starting child client "${command}" (${uid},${gid})`
export const startedChild = ({ command, uid, gid }: ChildProgram, pid: number): string =>
  `Starting "${command}" as uid ${uid}  gid ${gid} (pid ${pid})`
export const exitedChild = ({ command }: ChildProgram, pid: number, exitCode: number): string =>
  `Managed ${command} process ${pid} exited with return code ${exitCode}.`
export const killedChild = ({ command }: ChildProgram, pid: number, signal: string): string =>
  `Managed ${command} process ${pid} killed by signal ${signal}.`
export const respawning = ({ command }: ChildProgram): string => `Respawning client "${command}":`
export const respawningTooFast = ({ command }: ChildProgram): string =>
  `Client ${command} "respawning too fast"`
/** Reason: the program of failfast that died. */
export const rebooting = (reason: string): string => `Rebooting system.  Reason: ${reason}`
export const ALL_REBOOTS_FAILED = 'ALL REBOOT OPTIONS FAILED'
export const killingChild = ({ command }: ChildProgram, pid: number): string =>
  `killing ${command} process group ${pid} with signal 15`
export const notRunning = ({ command }: ChildProgram): string => `client [${command}] is not running.`
