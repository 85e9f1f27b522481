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

/** When a process was started, in clock ticks since boot: with its pid it is unmistakable. null: there is none. */
export function startTicks(pid: number): number | null {
  try {
    // The name in brackets may hold blanks; the 22nd field is the 20th behind it (proc(5)).
    const [, fields = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
    const [state, ...rest] = fields.split(' ')
    return state === undefined || state === 'Z' ? null : Number(rest[18])
  } catch {
    return null
  }
}
