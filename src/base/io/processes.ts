/** Questions about processes, answered by /proc and signal 0. */
import { readFileSync } from 'node:fs'

/** Whether a process of this pid exists (one of another user counts too). */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The command line of a process with blanks between its words; '' when there is no such process. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    return '' // it ended between two looks: the question is then answered
  }
}

/** The pid in a pid file, or null when the file is missing or holds something else. */
export function readPidFile(path: string): number | null {
  try {
    const match = /^\s*(\d{1,10})\s*$/.exec(readFileSync(path, 'latin1').slice(0, 64))
    return match ? Number(match[1]) : null
  } catch {
    return null
  }
}
