/**
 * Which process is the Apache server of one configuration: the one that its pid file names, or, where no pid file is
 * known (the configuration has an error by now), the one that was started with this configuration.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { commandLine, readPidFile } from '../base/io/processes.js'

/** A pid that another program has by now does not count. */
const isApache = (pid: number): boolean => /apache|httpd/.test(commandLine(pid))

function parentOf(pid: number): number {
  try {
    // "pid (name) state ppid": the name may hold blanks and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0 // it ended between two looks
  }
}

function startedWith(config: string): number | null {
  const found = readdirSync('/proc')
    .map(Number)
    .filter(pid => Number.isInteger(pid) && isApache(pid))
    .filter(pid => `${commandLine(pid)} `.includes(` -f ${config} `))
  return found.find(pid => !found.includes(parentOf(pid))) ?? null
}

export function apachePid(config: string, pidFile: string | null): number | null {
  if (pidFile === null) return startedWith(config)
  const pid = readPidFile(pidFile)
  return pid !== null && isApache(pid) ? pid : null
}
