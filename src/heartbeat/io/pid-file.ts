/** heartbeat.pid: who runs on this node. The pid stands right-aligned in ten columns, as the original writes it. */
import { unlinkSync } from 'node:fs'
import { replaceFile } from '../../base/io/files.js'
import { commandLine, isAlive, readPidFile } from '../../base/io/processes.js'

export type Running =
  | { readonly state: 'running'; readonly pid: number }
  /** There is a file, but no such process. */
  | { readonly state: 'stale' }
  | { readonly state: 'stopped' }

const pidFileOf = (varRun: string): string => `${varRun}/heartbeat.pid`

/** A recycled pid is not heartbeat: the command line must say so, be it ours or the original's. */
export function whoRuns(varRun: string): Running {
  const pid = readPidFile(pidFileOf(varRun))
  if (pid === null) return { state: 'stopped' }
  const isHeartbeat = isAlive(pid) && /heartbeat/.test(commandLine(pid))
  return isHeartbeat ? { state: 'running', pid } : { state: 'stale' }
}

/** Throws the error of the system. */
export function writePidFile(varRun: string, pid: number): void {
  replaceFile(pidFileOf(varRun), `${String(pid).padStart(10)}\n`, 0o644)
}

/** Only if it still names this process. */
export function removePidFile(varRun: string, pid: number): void {
  if (readPidFile(pidFileOf(varRun)) !== pid) return
  try {
    unlinkSync(pidFileOf(varRun))
  } catch {
    // Somebody else removed it: that was the aim.
  }
}
