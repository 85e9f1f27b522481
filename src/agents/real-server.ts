/** The agent LVSRealServer: this machine is a real server of a virtual service by direct routing or tunnel. */
import { existsSync } from 'node:fs'
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext, AgentOutcome } from './agent.js'
import { readAddresses } from './host-facts.js'
import { ask, runIpCommands } from './ip-command.js'
import { readIpv6Addresses } from './ipv6addr-plan.js'
import { commandFault, failedWith, isRunning, isStopped, OCF_EXIT, succeeded } from './outcome.js'
import {
  addressCommand,
  lookAt,
  parseRealServer,
  type RealServerArguments,
  type SetAddress,
  settingsOf,
} from './real-server-plan.js'
import { RealServerState, readSetting, writeSetting } from './real-server-state.js'
import { standardAgent } from './standard.js'

const NAME = 'LVSRealServer'
const COMMAND_TIMEOUT_MS = 10_000

async function addressesOf(
  { family }: RealServerArguments,
  context: AgentContext,
): Promise<readonly SetAddress[] | { readonly fault: string }> {
  const answer = await ask(['-j', `-${family}`, 'addr', 'show'], context)
  if ('fault' in answer) return answer
  return family === 4 ? readAddresses(answer.stdout).addresses : readIpv6Addresses(answer.stdout)
}

/** The module ipip brings tunl0 along. Why there is none, or null. */
async function bringTunnel(context: AgentContext): Promise<string | null> {
  const isThere = (): boolean => existsSync('/proc/sys/net/ipv4/conf/tunl0')
  if (!isThere()) {
    const result = await runCommand('modprobe', ['ipip'], {
      timeoutMs: COMMAND_TIMEOUT_MS,
      env: context.env,
      signal: context.signal,
    })
    if (!isThere())
      return `there is no tunl0, and the kernel module ipip that makes it cannot be loaded: ${commandFault(result) ?? 'it made none'}`
  }
  return runIpCommands([['link', 'set', 'tunl0', 'up']], context)
}

/** Why a setting could not be made, or null. What was there before is kept first. */
function applySettings(
  asked: RealServerArguments,
  state: RealServerState,
  context: AgentContext,
): string | null {
  for (const { path, value, accepted } of settingsOf(asked)) {
    const found = readSetting(path)
    if (found === null) return `the kernel has no ${path.replaceAll('/', '.')}`
    if (accepted.includes(found)) continue
    const fault = state.keep(path, found) ?? writeSetting(path, value)
    if (fault !== null) return fault
    context.log('INFO', `${NAME}_${asked.address}`, `${path.replaceAll('/', '.')} = ${value} (was ${found})`)
  }
  return null
}

async function start(asked: RealServerArguments, context: AgentContext): Promise<string | null> {
  const addresses = await addressesOf(asked, context)
  if ('fault' in addresses) return addresses.fault
  const found = lookAt(asked, addresses)
  if ('problem' in found) return found.problem
  const state = new RealServerState(context)
  const tunnel = asked.nic === 'tunl0' ? await bringTunnel(context) : null
  const fault = tunnel ?? state.add(asked.address) ?? applySettings(asked, state, context)
  if (fault !== null || found.isSet) return fault
  return runIpCommands([addressCommand(asked, 'add')], context)
}

/** The address goes first: with the settings gone it would be answered for. */
async function stop(asked: RealServerArguments, context: AgentContext): Promise<string | null> {
  const addresses = await addressesOf(asked, context)
  if ('fault' in addresses) return addresses.fault
  const found = lookAt(asked, addresses)
  // An address on another interface is a director's, and none of ours.
  if ('isSet' in found && found.isSet) {
    const fault = await runIpCommands([addressCommand(asked, 'del')], context)
    if (fault !== null) return fault
  }
  const state = new RealServerState(context)
  const fault = state.remove(asked.address)
  if (fault !== null || state.hasAddresses()) return fault
  for (const [path, value] of state.kept()) {
    // An interface that has gone took its settings along.
    if (readSetting(path) === null) continue
    const refused = writeSetting(path, value)
    if (refused !== null) return refused
  }
  return state.forgetSettings()
}

async function look(
  asked: RealServerArguments,
  action: 'status' | 'monitor',
  context: AgentContext,
): Promise<AgentOutcome> {
  const addresses = await addressesOf(asked, context)
  if ('fault' in addresses) return failedWith(OCF_EXIT.generic, addresses.fault)
  const found = lookAt(asked, addresses)
  if ('problem' in found || !found.isSet) return isStopped
  const wrong = settingsOf(asked).find(({ path, accepted }) => !accepted.includes(readSetting(path) ?? ''))
  if (action === 'status' || wrong === undefined) return isRunning
  const name = wrong.path.replaceAll('/', '.')
  return failedWith(
    OCF_EXIT.generic,
    `${asked.address} is on ${asked.nic}, but ${name} wants ${wrong.value}; found ${readSetting(wrong.path) ?? 'none'}: this machine may answer for the address: run sysctl -w ${name}=${wrong.value}`,
  )
}

export const lvsRealServer = standardAgent({
  name: NAME,
  usage: 'ip-address [lo|tunl0]',
  summary:
    'makes this machine a real server behind gate (lo) or ipip (tunl0): the address, and no ARP for it',
  argumentsMax: 2,
  parameters: [
    { name: 'ip', isRequired: true, meaning: 'the address of the virtual service' },
    {
      name: 'interface',
      isRequired: false,
      default: 'lo',
      meaning: 'lo for the method gate, tunl0 for the method ipip',
    },
  ],
  check(args) {
    const asked = parseRealServer(args)
    return 'problem' in asked ? failedWith(OCF_EXIT.configured, asked.problem) : null
  },
  async act(args, action, context) {
    const asked = parseRealServer(args)
    if ('problem' in asked) {
      if (action === 'start') return failedWith(OCF_EXIT.configured, asked.problem)
      return action === 'stop' ? succeeded : isStopped
    }
    if (action === 'status' || action === 'monitor') return look(asked, action, context)
    const fault = await (action === 'start' ? start(asked, context) : stop(asked, context))
    return fault === null ? succeeded : failedWith(OCF_EXIT.generic, `${NAME} ${asked.address}: ${fault}`)
  },
})
