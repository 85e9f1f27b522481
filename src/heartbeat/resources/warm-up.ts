/**
 * A rehearsal while the runner has nothing to do, so that the first takeover, perhaps after months, does not wait for
 * what Node does at the first use of code: load the native calls, compile functions, start a program. It goes through
 * a whole group with an address that nobody has, changes nothing and sends nothing.
 */
import { parseAddressArgument } from '../../agents/address-argument.js'
import { planStart } from '../../agents/address-plan.js'
import type { AgentContext } from '../../agents/agent.js'
import { readHostFacts } from '../../agents/read-host-facts.js'
import { builtinAgents } from '../../agents/table.js'
import { sendGratuitousArp } from '../../base/io/ethernet.js'
import { changeAddress } from '../../base/io/netlink-socket.js'
import { runCommand } from '../../base/io/run-command.js'
import type { Paths } from '../../base/paths.js'
import { type Performer, perform } from './perform.js'
import { type Action, type CallOutcome, giveGroup, STOP_RETRIES, takeGroup } from './plan/group.js'
import type { ResourceGroup } from './plan/resource.js'

const TIMEOUT_MS = 5_000
/** Of RFC 5737: no machine has it. */
const ADDRESS = '192.0.2.1'
const NIC = 'lo'
const GROUP: ResourceGroup = {
  node: '',
  resources: [{ text: `IPaddr2::${ADDRESS}`, script: 'IPaddr2', args: [`${ADDRESS}/32/${NIC}`] }],
}
/** Taking away what is not there: the kernel refuses that. */
const NO_ADDRESS = Buffer.alloc(4)

/** What comes of it does not matter. */
export async function warmUp(paths: Paths, env: Readonly<Record<string, string>>): Promise<void> {
  const context: AgentContext = { paths, env, signal: AbortSignal.timeout(TIMEOUT_MS), log: () => {} }
  await perform(takeGroup(GROUP, STOP_RETRIES), rehearsal(context))
  await perform(giveGroup(GROUP, STOP_RETRIES), rehearsal(context))
  await runCommand('true', [], { timeoutMs: TIMEOUT_MS, env })
}

function rehearsal(context: AgentContext): Performer {
  const call = async (action: Action): Promise<CallOutcome> => {
    if (action === 'start') return rehearseStart(context)
    const [{ script, args }] = GROUP.resources as [ResourceGroup['resources'][number]]
    return { path: script, ...(await builtinAgents.get(script)!.run(args, action, context)) }
  }
  return {
    locate: ({ script }) => script,
    call: (_resource, action) => call(action),
    log: () => {},
    pause: async () => {},
  }
}

/** The steps of a start, without setting the address: the loopback interface announces nothing. */
async function rehearseStart(context: AgentContext): Promise<CallOutcome> {
  const parsed = parseAddressArgument(ADDRESS)
  const facts = await readHostFacts(context)
  if (!('problem' in parsed) && typeof facts !== 'string') planStart(parsed.argument, facts, 'IPaddr2')
  const nothing = { label: null, address: NO_ADDRESS, prefix: 32, broadcast: null }
  changeAddress(NIC, { change: 'remove', ...nothing })
  sendGratuitousArp(NIC, ADDRESS)
  return { path: null, exitCode: 0, output: '' }
}
