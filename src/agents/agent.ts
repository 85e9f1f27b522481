/**
 * What a built-in resource agent is: the same contract as a script in resource.d. It gets its arguments and an
 * action, does its work, and answers with an exit code and the text a script would have printed. Whether a
 * resource is running is decided by that text, as it is for scripts.
 */
import type { Clock } from '../base/io/real-clock.js'
import type { Paths } from '../base/paths.js'

/** Level words as the agents of the resource-agents package write them into ha-log. */
export type AgentLevel = 'INFO' | 'WARNING' | 'ERROR'

export interface AgentContext {
  readonly paths: Paths
  /** Environment of the commands an agent runs. */
  readonly env: Readonly<Record<string, string>>
  /** The caller's deadline; an agent stops its commands when it aborts. */
  readonly signal: AbortSignal
  /** What it waits by; the machine's where it is not said. */
  readonly clock?: Clock
  /** How often a new address is announced; five times, 200 ms apart, where it is not said. */
  readonly announcements?: { readonly count: number; readonly everyMs: number }
  /** A line for the log: `instance` is the name in brackets, such as IPaddr2_10.0.0.1. */
  readonly log: (level: AgentLevel, instance: string, text: string) => void
  /** For commands that may take long (CommandOptions): another runner must not do the same beside them. */
  readonly whileRunning?: ((pid: number) => () => void) | undefined
}

export interface AgentOutcome {
  readonly exitCode: number
  readonly output: string
}

export interface Agent {
  readonly name: string
  /** Follows the name of the program in the usage line. */
  readonly usage: string
  readonly summary: string
  run(args: readonly string[], action: string, context: AgentContext): Promise<AgentOutcome>
  /** Of addresses: tells the neighbours once more that it is here, if it is. Others have nothing to tell. */
  announce?(args: readonly string[], context: AgentContext): Promise<void>
  /** Of addresses: the one that it sets on an interface; null for arguments that set none (loopback). */
  serviceAddress?(args: readonly string[]): string | null
  /** Of addresses: the Ethernet address of another machine that answers for it, where it is set or would be. */
  rival?(args: readonly string[], context: AgentContext): Promise<string | null>
}

/** As the original announces. */
export const ANNOUNCEMENTS = { count: 5, everyMs: 200 } as const

/** Exit codes of OCF agents, which the resource.d wrappers of heartbeat pass on. */
export const EXIT = { success: 0, generic: 1, permission: 4, configured: 6, notRunning: 7 } as const

/** The texts that the wrappers print for an outcome; `status` is recognised by the words in them. */
export const SAYS = {
  success: 'INFO:  Success\n',
  running: 'INFO:  Running OK\n',
  stopped: 'INFO:  Resource is stopped\n',
} as const

/** `start` and friends asked of an agent that does not know the action, or with the wrong number of arguments. */
export function usageOutcome(agent: Agent, action?: string): AgentOutcome {
  const unknown = action === undefined ? '' : `ERROR: Unknown operation: ${action}\n`
  return { exitCode: EXIT.generic, output: `${unknown}usage: ${agent.name} ${agent.usage}\n` }
}
