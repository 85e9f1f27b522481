/**
 * The agent ocf:heartbeat:ldirectord as values: what it tells of itself, and what the status of the ldirectord command
 * means to a cluster manager. Parameters, actions and codes are those of the agent in Debian's resource-agents.
 */

export const OCF = {
  success: 0,
  generic: 1,
  unimplemented: 3,
  installed: 5,
  configured: 6,
  notRunning: 7,
} as const

export const OCF_PARAMETERS = [
  {
    name: 'configfile',
    unique: true,
    short: 'configuration file',
    long: 'The file that ldirectord runs, with its full path. Each file is an instance of its own.',
    default: '/etc/ha.d/ldirectord.cf',
  },
  {
    name: 'ldirectord',
    unique: false,
    short: 'the program ldirectord',
    long: 'The program, with its full path. Without it the one that this agent came with is used.',
    default: '/usr/sbin/ldirectord',
  },
] as const

/** Seconds. */
const ACTIONS = [
  ['start', 'timeout="15"'],
  ['stop', 'timeout="15"'],
  ['monitor', 'depth="0" timeout="10" interval="20"'],
  ['meta-data', 'timeout="10"'],
  ['validate-all', 'timeout="10"'],
] as const

export const OCF_USAGE = `usage: ldirectord {${ACTIONS.map(([name]) => name).join('|')}}

wants the environment of a resource agent (OCF_ROOT, OCF_RESKEY_configfile, OCF_RESKEY_ldirectord)
`

export function ocfMetaData(): string {
  const parameters = OCF_PARAMETERS.map(
    ({
      name,
      unique,
      short,
      long,
      default: value,
    }) => `<parameter name="${name}"${unique ? ' unique="1"' : ''}>
<longdesc lang="en">
${long}
</longdesc>
<shortdesc lang="en">${short}</shortdesc>
<content type="string" default="${value}" />
</parameter>
`,
  )
  const actions = ACTIONS.map(([name, how]) => `<action name="${name}" ${how} />\n`)
  return `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="ldirectord" version="1.0">
<version>1.0</version>
<longdesc lang="en">
Checks real servers and keeps the table of virtual services. A warm standby of the same file takes the table over at
start and leaves it at stop.
</longdesc>
<shortdesc lang="en">ldirectord with one configuration file</shortdesc>
<parameters>
${parameters.join('')}</parameters>
<actions>
${actions.join('')}</actions>
</resource-agent>
`
}

/** What `ldirectord CONF status` says, as a monitor; null: it never ended. */
export function monitorCode(exitCode: number | null, output: string): number {
  switch (exitCode) {
    case 0:
      return OCF.success
    case 1:
      return output.includes('ldirectord stale pid file') ? OCF.notRunning : OCF.generic
    case 3:
      return OCF.notRunning
    default:
      return OCF.generic
  }
}
