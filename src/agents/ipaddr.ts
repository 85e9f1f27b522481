/**
 * The agents IPaddr2 and IPaddr: bring a service address up and down. IPaddr labels it as an alias of the interface
 * (eth0:0), as ifconfig would; texts and exit codes are those of the original's wrappers.
 */

import { isLoopback } from '../base/ipv4.js'
import { type AddressArgument, parseAddressArgument } from './address-argument.js'
import { claim, isClaimed, release } from './address-claim.js'
import { type AddressKind, type AddressPlan, findAddress, planStart, planStop } from './address-plan.js'
import { type Agent, type AgentContext, type AgentOutcome, EXIT, SAYS } from './agent.js'
import { announce } from './announce.js'
import { cancelAnnouncements } from './announcements.js'
import { carryOut } from './change-address.js'
import { isStopped, succeeded } from './outcome.js'
import { readHostFacts } from './read-host-facts.js'
import { findRival } from './rival.js'
import { type Action, standardAgent } from './standard.js'

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
  kind: AddressKind,
  argument: AddressArgument,
  action: Action,
  instance: string,
  context: AgentContext,
): Promise<AgentOutcome> {
  const facts = await readHostFacts(context)
  if (typeof facts === 'string') return failed(EXIT.generic, facts)
  if (action === 'start') {
    const plan = planStart(argument, facts, kind)
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

/** Where it is set, or would be set by a start. */
async function rivalOf(text: string, context: AgentContext): Promise<string | null> {
  const parsed = parseAddressArgument(text)
  if ('problem' in parsed || isLoopback(parsed.argument.address)) return null
  const facts = await readHostFacts(context)
  if (typeof facts === 'string') return null
  const plan = planStart(parsed.argument, facts, 'IPaddr2')
  const nic = plan.kind === 'run' ? plan.nic : findAddress(parsed.argument, facts)?.nic
  return nic === undefined ? null : findRival(nic, parsed.argument.address, context)
}

function addressOf(text: string): string | null {
  const parsed = parseAddressArgument(text)
  return 'problem' in parsed || isLoopback(parsed.argument.address) ? null : parsed.argument.address
}

const PARAMETERS = [
  {
    name: 'ip',
    isRequired: true,
    meaning: 'the address, such as 10.0.0.1/24/eth0:0; what is left out is found from the network it lies in',
  },
]

/** The original's IPaddr does not tell a wrong configuration from any other failure, but for the address. */
function parseFault(kind: AddressKind, text: string, problem: string): AgentOutcome {
  const isAddress = kind === 'IPaddr2' || /^wants an IPv4 address/.test(problem)
  return failed(isAddress ? EXIT.configured : EXIT.generic, `${kind} ${problem} in "${text}"`)
}

function addressAgent(kind: AddressKind): Agent {
  return standardAgent({
    name: kind,
    usage: 'ip-address[/netmaskbits[/interface[:label][/broadcast]]]',
    summary: 'a service address on an interface of this machine',
    argumentsMax: 1,
    parameters: PARAMETERS,
    announce: ([text = ''], context) => announceAgain(text, kind, context),
    serviceAddress: ([text = '']) => addressOf(text),
    rival: ([text = ''], context) => rivalOf(text, context),
    check([text = '']) {
      const parsed = parseAddressArgument(text)
      return 'problem' in parsed ? parseFault(kind, text, parsed.problem) : null
    },
    async act([text = ''], action, context) {
      const parsed = parseAddressArgument(text)
      if ('problem' in parsed) {
        // What start could not read was never started.
        if (action === 'start') return parseFault(kind, text, parsed.problem)
        return action === 'stop' ? succeeded : isStopped
      }
      const { argument } = parsed
      const instance = `${kind}_${argument.address}`
      if (action === 'start')
        for (const warning of argument.warnings) context.log('WARNING', instance, warning)
      return isLoopback(argument.address)
        ? loopback(argument, action, context)
        : onInterface(kind, argument, action, instance, context)
    },
  })
}

export const ipaddr2 = addressAgent('IPaddr2')
export const ipaddr = addressAgent('IPaddr')
