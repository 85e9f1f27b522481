/** Users and groups of this machine by name, read from the files of the system; network directories are not asked. */
import { readFileSync } from 'node:fs'

/** Name to a number of /etc/passwd or /etc/group. */
function namesIn(path: string, column = 2): Map<string, number> {
  const names = new Map<string, number>()
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return names // a system without the file has no such names
  }
  for (const line of text.split('\n')) {
    const words = line.split(':')
    const [name] = words
    const id = words[column]
    if (name && id && /^\d+$/.test(id)) names.set(name, Number(id))
  }
  return names
}

export interface Accounts {
  readonly users: ReadonlyMap<string, number>
  /** The primary group of each user. */
  readonly gidOf: ReadonlyMap<string, number>
  readonly groups: ReadonlyMap<string, number>
}

/** The user of the cluster's clients and its group, for a daemon that may give files to them. */
export function clientOwner(): { uid: number; gid: number } | null {
  const { users, groups } = readAccounts()
  const uid = users.get('hacluster')
  const gid = groups.get('haclient')
  return process.geteuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : null
}

export function readAccounts(): Accounts {
  return { users: namesIn('/etc/passwd'), gidOf: namesIn('/etc/passwd', 3), groups: namesIn('/etc/group') }
}
