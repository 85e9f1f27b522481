/**
 * An agent called by hand or by another program, not by our runner: nobody looks for rivals beside the start then, so
 * they are looked for before it.
 */
import type { Agent, AgentContext, AgentOutcome } from './agent.js'
import { failedWith, OCF_EXIT } from './outcome.js'

export async function runByHand(
  agent: Agent,
  args: readonly string[],
  action: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  const setsAddress = agent.serviceAddress?.(args) != null
  if (action !== 'start' || !setsAddress || (await agent.run(args, 'status', context)).exitCode === 0)
    return agent.run(args, action, context)
  const mac = (await agent.rival?.(args, context)) ?? null
  if (mac === null) return agent.run(args, action, context)
  const sentence = `${agent.name} ${args[0]}: another machine (${mac}) answers for this address: stop it there first`
  return failedWith(OCF_EXIT.generic, sentence)
}
