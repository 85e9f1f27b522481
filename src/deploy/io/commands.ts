/** One row a command. */
import type { Call, CommandName } from '../plan/arguments.js'
import { drainByHand, undrainByHand } from './by-hand.js'
import { check } from './check.js'
import { giveLock, history, prune, releases, status, takeAwayLock } from './look.js'
import type { Terminal } from './report.js'
import { planned, publish, release, rollback } from './rolling.js'
import type { Session } from './session.js'
import { abort, resume } from './unfinished.js'

/** What a command has of the process that it runs in. */
export interface RunIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly isTerminal: boolean
  /** A question for a person at a terminal; null: there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | null
  readonly stopping: AbortSignal
}

export interface CommandInput {
  readonly call: Call
  readonly session: Session
  readonly terminal: Terminal
  readonly runId: string
  readonly startedAt: string
  readonly io: RunIo
}

export interface Answer {
  readonly exit: number
  /** A sentence for the standard error. */
  readonly error: string | null
}

export type Command = (input: CommandInput) => Promise<Answer>

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
