/**
 * One ha-deploy per application on this machine. The lock is a hard link to a file that holds pid and start time of its
 * owner: it is there with its content or not at all, and that of a process that is gone is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Holder {
  readonly pid: number
  /** Of the process, in ticks since the boot: a pid alone is given to another process some day. */
  readonly startTicks: string
  readonly run: string
  readonly since: string
}

/** null when it does not exist. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null // there is no such process
  }
}

export const isRunning = (holder: Pick<Holder, 'pid' | 'startTicks'>): boolean =>
  startTicks(holder.pid) === holder.startTicks

export function ownIdentity(): Pick<Holder, 'pid' | 'startTicks'> {
  return { pid: process.pid, startTicks: startTicks(process.pid) ?? '' }
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return null // gone in this moment, or not ours to understand
  }
}

/** The lock is taken (a function gives it back), or this is who has it. */
export function takeLock(path: string, run: string, since: string): (() => void) | Holder {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const mine = `${path}.${process.pid}`
  const identity = { ...ownIdentity(), run, since }
  writeFileSync(mine, JSON.stringify(identity), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        linkSync(mine, path)
        return () => rmSync(path, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = readHolder(path)
      if (holder !== null && isRunning(holder)) return holder
      removeStale(path, holder)
    }
    return { pid: 0, startTicks: '', run: 'unknown', since: 'unknown' }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Moved aside first and looked at again: between two looks somebody else may have taken it over. */
function removeStale(path: string, seen: Holder | null): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return // somebody else was faster
  }
  const moved = readHolder(aside)
  if (moved !== null && moved.pid !== seen?.pid && isRunning(moved)) {
    try {
      linkSync(aside, path)
    } catch {
      // A third one has it now, and the one that was moved aside finds out at its next look.
    }
  }
  rmSync(aside, { force: true })
}
