/**
 * The frame of an agent with words of its own: it counts its arguments, knows the usual actions, prints its usage
 * and describes itself as OCF asks (meta-data). What is left to the agent is start, stop, status and monitor, and which
 * arguments cannot be meant (validate-all).
 */
import { type Agent, type AgentContext, type AgentOutcome, EXIT, usageOutcome } from './agent.js'
import { type AgentParameter, metaData } from './meta-data.js'
import { succeeded } from './outcome.js'

export const ACTIONS = ['start', 'stop', 'status', 'monitor'] as const
export type Action = (typeof ACTIONS)[number]

export interface StandardAgent {
  readonly name: string
  readonly usage: string
  readonly summary: string
  /** In the order in which they are written. */
  readonly parameters: readonly AgentParameter[]
  /** More arguments than this get the usage line. */
  readonly argumentsMax: number
  /** For validate-all: what is wrong with the arguments, as the outcome of a start; null when nothing is. */
  check?(args: readonly string[]): AgentOutcome | null
  act(args: readonly string[], action: Action, context: AgentContext): Promise<AgentOutcome>
  readonly announce?: Agent['announce'] & {}
  readonly serviceAddress?: Agent['serviceAddress'] & {}
  readonly rival?: Agent['rival'] & {}
}

const isAction = (word: string): word is Action => (ACTIONS as readonly string[]).includes(word)

export function standardAgent(standard: StandardAgent): Agent {
  const { name, summary, parameters, argumentsMax } = standard
  const { announce, serviceAddress, rival } = standard
  const argumentsMin = parameters.filter(parameter => parameter.isRequired).length
  const agent: Agent = {
    name,
    summary,
    ...(announce && { announce }),
    ...(serviceAddress && { serviceAddress }),
    ...(rival && { rival }),
    usage: `${standard.usage} (start|stop|status|monitor|validate-all|meta-data|usage)`.trimStart(),
    async run(args, action, context) {
      if (action === 'meta-data')
        return { exitCode: EXIT.success, output: metaData(name, summary, parameters) }
      if (action === 'usage') return { ...usageOutcome(agent), exitCode: EXIT.success }
      if (args.length < argumentsMin || args.length > argumentsMax) return usageOutcome(agent)
      if (action === 'validate-all') return standard.check?.(args) ?? succeeded
      return isAction(action) ? standard.act(args, action, context) : usageOutcome(agent, action)
    },
  }
  return agent
}
