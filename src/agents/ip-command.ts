/** The program ip(8) of iproute2: what agents ask it, and a list of changes carried out until one fails. */
import { type CommandResult, runCommand } from '../base/io/run-command.js'
import type { AgentContext } from './agent.js'
import { type HostFacts, readAddresses, readRoutes } from './host-facts.js'
import { commandFault } from './outcome.js'

const COMMAND_TIMEOUT_MS = 10_000

export function ip(args: readonly string[], context: AgentContext): Promise<CommandResult> {
  return runCommand('ip', args, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    env: context.env,
    signal: context.signal,
    outputBytesMax: 1_048_576,
  })
}

/** What it printed, or why it did not. */
export async function ask(
  args: readonly string[],
  context: AgentContext,
): Promise<{ readonly stdout: string } | { readonly fault: string }> {
  const result = await ip(args, context)
  const fault = commandFault(result)
  if (fault === null) return { stdout: result.stdout }
  const remedy = result.spawnError === 'ENOENT' ? ': install iproute2' : ''
  return { fault: `ip ${args.join(' ')}: ${fault}${remedy}` }
}

export async function ipv4Facts(
  context: AgentContext,
): Promise<{ readonly facts: HostFacts; readonly routesJson: string } | { readonly fault: string }> {
  const [addresses, routes] = await Promise.all([
    ask(['-j', '-4', 'addr', 'show'], context),
    ask(['-j', '-4', 'route', 'show'], context),
  ])
  if ('fault' in addresses) return addresses
  if ('fault' in routes) return routes
  const facts = { ...readAddresses(addresses.stdout), routes: readRoutes(routes.stdout) }
  return { facts, routesJson: routes.stdout }
}

/** Stops at the first that fails and says why; null when all were carried out. */
export async function runIpCommands(
  commands: readonly (readonly string[])[],
  context: AgentContext,
): Promise<string | null> {
  for (const command of commands) {
    const fault = commandFault(await ip(command, context))
    if (fault === null) continue
    const rights = /not permitted/i.test(fault) ? ' (only root may do that)' : ''
    return `ip ${command.join(' ')}: ${fault}${rights}`
  }
  return null
}
