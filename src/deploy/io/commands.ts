/** One row a command. */
import type { CommandName } from '../plan/arguments.js'
import { drainByHand, undrainByHand } from './by-hand.js'
import { check } from './check.js'
import type { Command } from './command.js'
import { giveLock, history, prune, releases, status, takeAwayLock } from './look.js'
import { planned, publish, release, rollback } from './rolling.js'
import { abort, resume } from './unfinished.js'

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  check,
  plan: planned,
  run: release,
  publish,
  rollback,
  resume,
  abort,
  drain: drainByHand,
  undrain: undrainByHand,
  status,
  releases,
  prune,
  lock: giveLock,
  unlock: takeAwayLock,
  history,
}
