/** All built-in agents by the name that haresources uses. */
import type { Agent } from './agent.js'
import { ipaddr, ipaddr2 } from './ipaddr.js'
import { ldirectord } from './ldirectord.js'

export const builtinAgents: ReadonlyMap<string, Agent> = new Map(
  [ipaddr2, ipaddr, ldirectord].map(agent => [agent.name, agent]),
)
