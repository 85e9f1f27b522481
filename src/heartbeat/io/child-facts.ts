/** What this machine knows about the users and programs of `respawn`. */
import { accessSync, constants, statSync } from 'node:fs'
import type { ChildFacts } from '../resources/plan/children.js'
import { readAccounts } from './accounts.js'

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

export function childFacts(canPing: boolean): ChildFacts {
  const { users, gidOf } = readAccounts()
  return {
    ownUid: process.geteuid?.() ?? 0,
    uidOf: user => users.get(user),
    gidOf: user => gidOf.get(user),
    isExecutable,
    canPing,
  }
}
