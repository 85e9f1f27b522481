/** What a command of ha-deploy gets, and what it answers. */
import type { Call } from '../plan/arguments.js'
import type { Terminal } from './report.js'
import type { Session } from './session.js'

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
