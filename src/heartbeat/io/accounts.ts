/** Users and groups of this machine by name, read from the files of the system; network directories are not asked. */
import { readFileSync } from 'node:fs'

/** Name to number from /etc/passwd or /etc/group. */
function namesIn(path: string): Map<string, number> {
  const names = new Map<string, number>()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return names // a system without the file has no such names
  }
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':')
    if (name && id && /^\d+$/.test(id)) names.set(name, Number(id))
  }
  return names
}

export interface Accounts {
  readonly users: ReadonlyMap<string, number>
  readonly groups: ReadonlyMap<string, number>
}

export function readAccounts(): Accounts {
  return { users: namesIn('/etc/passwd'), groups: namesIn('/etc/group') }
}
