/** The agent LVSSyncDaemonSwap: the connection synchronisation daemon of IPVS follows the resource group. */
import { readSmallFile } from '../base/io/files.js'
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext } from './agent.js'
import { commandFault, failedWith, OCF_EXIT, runningIf, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'
import {
  parseSyncArguments,
  planSync,
  readSyncDaemons,
  readSyncDefaults,
  type SyncDaemon,
  type SyncDefaults,
} from './sync-daemon-plan.js'

const COMMAND_TIMEOUT_MS = 10_000
const DEFAULT_FILES = ['/etc/default/ipvsadm', '/etc/sysconfig/ipvsadm']
const NAME = 'LVSSyncDaemonSwap'

function readDefaults(): SyncDefaults {
  for (const file of DEFAULT_FILES) {
    try {
      return readSyncDefaults(readSmallFile(file, 65_536).toString('utf8'))
    } catch {
      // Not this distribution's file, or not readable: the next one, then the defaults of our own.
    }
  }
  return { nic: null, syncId: null }
}

const ipvsadm = (args: readonly string[], context: AgentContext) =>
  runCommand('ipvsadm', args, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    env: context.env,
    signal: context.signal,
  })

type Listing = readonly SyncDaemon[] | { readonly fault: string; readonly hasIpvs: boolean }

async function listDaemons(context: AgentContext): Promise<Listing> {
  const result = await ipvsadm(['-L', '--daemon'], context)
  const fault = commandFault(result)
  if (fault === null) return readSyncDaemons(result.stdout)
  const needs = 'it needs ipvsadm, root and the kernel module ip_vs'
  return {
    fault: `${NAME} cannot list the sync daemons: ipvsadm: ${fault}; ${needs}`,
    hasIpvs: result.spawnError !== 'ENOENT' && !/Protocol not available/.test(result.stderr),
  }
}

export const lvsSyncDaemonSwap = standardAgent({
  name: NAME,
  usage: '[master|backup [interface [syncid]]]',
  summary: 'the IPVS connection synchronisation daemon: master where the group runs, backup elsewhere',
  argumentsMax: 3,
  parameters: [
    { name: 'role', isRequired: false, default: 'master', meaning: 'the role while the group runs here' },
    {
      name: 'interface',
      isRequired: false,
      meaning: 'where to multicast; IFACE of /etc/default/ipvsadm, else eth0',
    },
    { name: 'syncid', isRequired: false, meaning: 'SYNCID of /etc/default/ipvsadm, else 0' },
  ],
  check(args) {
    const asked = parseSyncArguments(args, readDefaults())
    return 'problem' in asked ? failedWith(OCF_EXIT.configured, asked.problem) : null
  },
  async act(args, action, context) {
    const asked = parseSyncArguments(args, readDefaults())
    if ('problem' in asked)
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.configured, asked.problem)
    const daemons = await listDaemons(context)
    if (action === 'status' || action === 'monitor') {
      // Without IPVS in the kernel no daemon runs.
      return runningIf(!('fault' in daemons) && daemons.some(daemon => daemon.role === asked.role))
    }
    if ('fault' in daemons) {
      const nothingRuns = action === 'stop' && !daemons.hasIpvs
      return nothingRuns ? succeeded : failedWith(OCF_EXIT.generic, daemons.fault)
    }
    for (const command of planSync(action, asked, daemons)) {
      const fault = commandFault(await ipvsadm(command, context))
      const text = `ipvsadm ${command.join(' ')}`
      if (fault === null) context.log('INFO', NAME, text)
      // A role that has ended is stopped, even where the other one cannot begin.
      else if (action === 'stop' && command[0] === '--start-daemon')
        context.log('WARNING', NAME, `${text}: ${fault}`)
      else return failedWith(OCF_EXIT.generic, `${NAME}: ${text}: ${fault}`)
    }
    return succeeded
  },
})
