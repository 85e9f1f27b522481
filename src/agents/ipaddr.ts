/**
 * The agents IPaddr2 and IPaddr: bring a service address up and down. Both do the same here (the original's IPaddr
 * makes interface aliases with ifconfig); texts and exit codes are those of the original's wrappers.
 */
import { type AddressArgument, parseAddressArgument } from './address-argument.js'
import { claim, isClaimed, release } from './address-claim.js'
import { type AddressPlan, findAddress, planStart, planStop } from './address-plan.js'
import { type Agent, type AgentContext, type AgentOutcome, EXIT, SAYS, usageOutcome } from './agent.js'
import { announce, cancelAnnouncements } from './announce.js'
import { carryOut } from './change-address.js'
import { isLoopback } from './ipv4.js'
import { readHostFacts } from './read-host-facts.js'

const failed = (exitCode: number, because: string): AgentOutcome => ({
  exitCode,
  output: `ERROR:  ${because}\n`,
})

/** 127.0.0.0/8: nothing to configure, only to claim. */
function loopback(argument: AddressArgument, action: string, context: AgentContext): AgentOutcome {
  const { varRun } = context.paths
  try {
    if (action === 'start') claim(varRun, argument.address)
    else if (action === 'stop') release(varRun, argument.address)
    else if (!isClaimed(varRun, argument.address)) return { exitCode: EXIT.notRunning, output: SAYS.stopped }
    else return { exitCode: EXIT.success, output: SAYS.running }
  } catch (error) {
    return failed(
      EXIT.generic,
      `cannot note in ${varRun} who holds ${argument.address}: ${(error as Error).message}`,
    )
  }
  return { exitCode: EXIT.success, output: SAYS.success }
}

async function perform(plan: AddressPlan, instance: string, context: AgentContext): Promise<AgentOutcome> {
  if (plan.kind === 'nothing') return { exitCode: EXIT.success, output: SAYS.success }
  if (plan.kind === 'refuse') return failed(plan.exitCode, plan.because)
  for (const note of plan.notes) context.log('INFO', instance, note)
  for (const command of plan.commands) {
    const reason = await carryOut(command, context)
    if (reason === null) continue
    const rights = /not permitted/i.test(reason) ? ' (only root may change addresses)' : ''
    return failed(EXIT.generic, `ip ${command.join(' ')}: ${reason}${rights}`)
  }
  return { exitCode: EXIT.success, output: SAYS.success }
}

async function onInterface(
  argument: AddressArgument,
  action: string,
  instance: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  const facts = await readHostFacts(context)
  if (typeof facts === 'string') return failed(EXIT.generic, facts)
  if (action === 'start') {
    const plan = planStart(argument, facts)
    const outcome = await perform(plan, instance, context)
    if (outcome.exitCode === EXIT.success && plan.kind === 'run') {
      void announce(plan.nic, argument.address, instance, context)
    }
    return outcome
  }
  if (action === 'stop') {
    if (cancelAnnouncements(argument.address)) {
      context.log('INFO', instance, `killed previously running send_arp for ${argument.address}`)
    }
    return perform(planStop(argument, facts), instance, context)
  }
  return findAddress(argument, facts)
    ? { exitCode: EXIT.success, output: SAYS.running }
    : { exitCode: EXIT.notRunning, output: SAYS.stopped }
}

/** Neighbours may have heard of another owner meanwhile. */
async function announceAgain(text: string, name: string, context: AgentContext): Promise<void> {
  const parsed = parseAddressArgument(text)
  if ('problem' in parsed || isLoopback(parsed.argument.address)) return
  const facts = await readHostFacts(context)
  const found = typeof facts === 'string' ? undefined : findAddress(parsed.argument, facts)
  if (found !== undefined) void announce(found.nic, found.address, `${name}_${found.address}`, context)
}

function addressAgent(name: string): Agent {
  const agent: Agent = {
    name,
    announce: ([text = ''], context) => announceAgain(text, name, context),
    usage: 'ip-address[/netmaskbits[/interface[:label][/broadcast]]] (start|stop|status|monitor)',
    summary: 'a service address on an interface of this machine',
    async run(args, action, context) {
      const [text] = args
      if (args.length !== 1 || text === undefined) return usageOutcome(agent)
      if (!['start', 'stop', 'status', 'monitor'].includes(action)) return usageOutcome(agent, action)
      const parsed = parseAddressArgument(text)
      if ('problem' in parsed) return failed(EXIT.configured, `${name} ${parsed.problem}`)
      const { argument } = parsed
      const instance = `${name}_${argument.address}`
      if (action === 'start')
        for (const warning of argument.warnings) context.log('WARNING', instance, warning)
      return isLoopback(argument.address)
        ? loopback(argument, action, context)
        : onInterface(argument, action, instance, context)
    },
  }
  return agent
}

export const ipaddr2 = addressAgent('IPaddr2')
export const ipaddr = addressAgent('IPaddr')
