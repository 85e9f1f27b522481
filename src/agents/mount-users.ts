/** Which processes keep a directory busy: found by their links in /proc, without a program. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface MountUser {
  readonly pid: number
  readonly command: string
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // the process or the descriptor went away, or is not ours to see
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return '?'
  }
}

function mapped(pid: number): string[] {
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
    return maps.flatMap(line => /\s(\/.*)$/.exec(line)?.[1] ?? [])
  } catch {
    return []
  }
}

/** Without this process itself. */
export function mountUsers(directory: string): MountUser[] {
  const isInside = (path: string): boolean => path === directory || path.startsWith(`${directory}/`)
  const users: MountUser[] = []
  for (const name of namesIn('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const links = ['cwd', 'root', 'exe', ...namesIn(`/proc/${pid}/fd`).map(fd => `fd/${fd}`)]
    const isUser =
      links.some(link => isInside(linkOf(`/proc/${pid}/${link}`))) || mapped(pid).some(path => isInside(path))
    if (isUser) users.push({ pid, command: commandOf(pid) })
  }
  return users
}

/** Ends them; one that has already gone is no failure. */
export function signalUsers(users: readonly MountUser[], signal: NodeJS.Signals): void {
  for (const { pid } of users) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself, or is not ours: the next look tells whether the directory is free.
    }
  }
}
