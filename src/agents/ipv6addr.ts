/**
 * The agent IPv6addr: a service address of IPv6. It is usable and announced at once; whether somebody else has it is
 * asked beside (rival.ts). Where that cannot be asked, the kernel's own duplicate address detection is awaited.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { advertise } from './advertise.js'
import type { AgentContext, AgentOutcome } from './agent.js'
import { cancelAnnouncements } from './announcements.js'
import { readAddresses } from './host-facts.js'
import { ask, runIpCommands } from './ip-command.js'
import {
  findIpv6,
  type Ipv6Address,
  type Ipv6Argument,
  parseIpv6Argument,
  planIpv6Start,
  planIpv6Stop,
  readIpv6Addresses,
} from './ipv6addr-plan.js'
import { failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { canAskNeighbours, findRival } from './rival.js'
import { standardAgent } from './standard.js'

const NAME = 'IPv6addr'
const DETECTION_TRIES = 50
const DETECTION_EVERY_MS = 100

async function addressesNow(context: AgentContext): Promise<readonly Ipv6Address[] | { fault: string }> {
  const answer = await ask(['-j', '-6', 'addr', 'show'], context)
  return 'fault' in answer ? answer : readIpv6Addresses(answer.stdout)
}

/** Why the address cannot be used although it is set, or null. */
async function awaitDetection(argument: Ipv6Argument, context: AgentContext): Promise<string | null> {
  for (let i = 0; i < DETECTION_TRIES && !context.signal.aborted; i++) {
    const addresses = await addressesNow(context)
    if ('fault' in addresses) return addresses.fault
    const found = findIpv6(argument, addresses)
    if (found === undefined) return 'it vanished while its duplicates were looked for'
    if (found.isDuplicate) return 'another machine of the link has this address: stop it there first'
    if (!found.isTentative) return null
    await sleep(DETECTION_EVERY_MS)
  }
  return 'the kernel did not finish looking for duplicates: check the link of the interface'
}

async function start(argument: Ipv6Argument, context: AgentContext): Promise<AgentOutcome> {
  const { address } = argument
  const instance = `${NAME}_${address}`
  const [addresses, links] = await Promise.all([addressesNow(context), ask(['-j', 'link', 'show'], context)])
  if ('fault' in addresses) return failedWith(OCF_EXIT.generic, `${NAME} ${address}: ${addresses.fault}`)
  const nics = 'fault' in links ? [] : readAddresses(links.stdout).nics
  const plan = planIpv6Start(argument, { nics, addresses }, canAskNeighbours)
  if (plan.kind === 'refuse') return failedWith(plan.exitCode, `${NAME}: ${plan.because}`)
  if (plan.kind === 'nothing') return succeeded
  context.log('INFO', instance, `Adding inet6 address ${address} to device ${plan.nic}`)
  const awaited = plan.isDetectedByKernel ? awaitDetection : async () => null
  const fault = (await runIpCommands(plan.commands, context)) ?? (await awaited(argument, context))
  if (fault !== null) {
    await stop(argument, context)
    return failedWith(OCF_EXIT.generic, `${NAME} ${address}: ${fault}`)
  }
  void advertise(plan.nic, address, instance, context)
  return succeeded
}

async function stop(argument: Ipv6Argument, context: AgentContext): Promise<AgentOutcome> {
  cancelAnnouncements(argument.address)
  const addresses = await addressesNow(context)
  if ('fault' in addresses)
    return failedWith(OCF_EXIT.generic, `${NAME} ${argument.address}: ${addresses.fault}`)
  const plan = planIpv6Stop(argument, addresses)
  if (plan.kind !== 'run') return succeeded
  const fault = await runIpCommands(plan.commands, context)
  return fault === null ? succeeded : failedWith(OCF_EXIT.generic, `${NAME} ${argument.address}: ${fault}`)
}

async function announceAgain(text: string, context: AgentContext): Promise<void> {
  const argument = parseIpv6Argument(text)
  if ('problem' in argument) return
  const addresses = await addressesNow(context)
  const found = 'fault' in addresses ? undefined : findIpv6(argument, addresses)
  if (found === undefined || found.isDuplicate) return
  void advertise(found.nic, argument.address, `${NAME}_${argument.address}`, context)
}

/** Where it is set, or would be set by a start. */
async function rivalOf(text: string, context: AgentContext): Promise<string | null> {
  const argument = parseIpv6Argument(text)
  if ('problem' in argument) return null
  const addresses = await addressesNow(context)
  if ('fault' in addresses) return null
  const nics = addresses.map(({ nic }) => nic)
  const plan = planIpv6Start(argument, { nics, addresses }, () => true)
  return plan.kind === 'refuse' ? null : findRival(plan.nic, argument.address, context)
}

export const ipv6addr = standardAgent({
  name: NAME,
  usage: '<ip-address[/prefix[/interface]]>',
  summary: 'a service address of IPv6 on an interface of this machine',
  argumentsMax: 1,
  parameters: [{ name: 'ipv6addr', isRequired: true, meaning: 'the address, such as 2001:db8::1/64/eth0' }],
  announce: ([text = ''], context) => announceAgain(text, context),
  serviceAddress: ([text = '']) => {
    const argument = parseIpv6Argument(text)
    return 'problem' in argument ? null : argument.address
  },
  rival: ([text = ''], context) => rivalOf(text, context),
  check([text = '']) {
    const argument = parseIpv6Argument(text)
    return 'problem' in argument ? failedWith(OCF_EXIT.arguments, `${NAME} ${argument.problem}`) : null
  },
  async act([text = ''], action, context) {
    const argument = parseIpv6Argument(text)
    if ('problem' in argument) {
      const sentence = `${NAME} ${argument.problem}`
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, sentence)
    }
    if (action === 'start') return start(argument, context)
    if (action === 'stop') return stop(argument, context)
    const addresses = await addressesNow(context)
    if ('fault' in addresses)
      return failedWith(OCF_EXIT.generic, `${NAME} ${argument.address}: ${addresses.fault}`)
    const found = findIpv6(argument, addresses)
    return runningIf(found !== undefined && !found.isDuplicate)
  },
})
