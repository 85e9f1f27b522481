/** The agent portblock: drops packets for ports while a group starts or stops, through nft or else iptables. */
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext } from './agent.js'
import { commandFault, failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import {
  type FirewallCommand,
  iptablesRule,
  type PortblockArguments,
  parsePortblock,
  planIptables,
  planNft,
  statusText,
  wantsDrop,
} from './portblock-plan.js'
import { standardAgent } from './standard.js'
import { stateFile } from './state-file.js'

const COMMAND_TIMEOUT_MS = 10_000

const run = (file: string, command: FirewallCommand, context: AgentContext) =>
  runCommand(file, command.args, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    env: context.env,
    signal: context.signal,
    ...(command.input !== undefined && { input: command.input }),
  })

async function throughIptables(
  file: string,
  asked: PortblockArguments,
  drop: boolean,
  context: AgentContext,
): Promise<string | null> {
  const check = await run(file, { args: ['-w', '5', '-C', 'INPUT', ...iptablesRule(asked)] }, context)
  if (check.spawnError !== null || check.timedOut) return `${file}: ${commandFault(check)}`
  // 1 is "no such rule"; 2 a mistake in the arguments, 3 and 4 what the machine lacks.
  if (check.exitCode !== 0 && check.exitCode !== 1) return `${file}: ${commandFault(check)}`
  const command = planIptables(asked, drop, check.exitCode === 0)
  if (command === null) return null
  const fault = commandFault(await run(file, command, context))
  return fault === null ? null : `${file}: ${fault}`
}

/** Why the ports are not as wanted, or null. */
async function setDrop(
  asked: PortblockArguments,
  drop: boolean,
  context: AgentContext,
): Promise<string | null> {
  const probe = await run('nft', { args: ['list', 'tables'] }, context)
  if (commandFault(probe) === null) {
    const fault = commandFault(await run('nft', planNft(asked, drop), context))
    return fault === null ? null : `nft: ${fault}`
  }
  const fault = await throughIptables('iptables', asked, drop, context)
  if (fault !== null) {
    return `${fault}${probe.spawnError === 'ENOENT' ? '; install nftables or iptables' : ''}`
  }
  const fault6 = await throughIptables('ip6tables', asked, drop, context)
  if (fault6 !== null) context.log('WARNING', 'portblock', `IPv6 stays as it is: ${fault6}`)
  return null
}

export const portblock = standardAgent({
  name: 'portblock',
  usage: '{udp|tcp} portno,portno {block|unblock}',
  summary: 'drops packets for ports until the servers behind them are ready',
  argumentsMax: 3,
  parameters: [
    { name: 'protocol', isRequired: true, meaning: 'tcp or udp' },
    { name: 'portno', isRequired: true, meaning: 'ports, such as 80 or 80,443 or 5000:5010' },
    { name: 'action', isRequired: true, meaning: 'block at the head of a group, unblock at its end' },
  ],
  check(args) {
    const asked = parsePortblock(args)
    return 'problem' in asked ? failedWith(OCF_EXIT.arguments, asked.problem) : null
  },
  async act(args, action, context) {
    const state = stateFile(`portblock_${args.join('_')}`, context)
    if (action === 'status' || action === 'monitor') {
      const held = state.isThere()
      const outcome = runningIf(held)
      return { ...outcome, output: statusText(args, held) + outcome.output }
    }
    const asked = parsePortblock(args)
    if ('problem' in asked)
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.arguments, asked.problem)
    const drop = wantsDrop(asked, action)
    const fault = await setDrop(asked, drop, context)
    if (fault !== null) {
      const what = `cannot ${drop ? 'block' : 'let through'} ${asked.protocol} ${asked.ports.join(',')}`
      return failedWith(OCF_EXIT.generic, `portblock ${what}: ${fault}`)
    }
    const stateFault = action === 'start' ? state.put() : state.remove()
    return stateFault === null ? succeeded : failedWith(OCF_EXIT.generic, stateFault)
  },
})
