/**
 * Log lines of the two programs as sentences for somebody who sees a cluster for the first time. The lines are those
 * of the originals, so a row here holds for them too. A line that no row knows is shown only when it is a warning.
 */

type Row = readonly [pattern: RegExp, say: (words: readonly string[]) => string | null]

const HEARTBEAT: readonly Row[] = [
  [/Local status now set to: '(\w+)'/, ([status]) => `is now ${status}`],
  [/Status update for node ([\w.-]+): status (\w+)/, ([node, status]) => `hears that ${node} is ${status}`],
  [/node ([\w.-]+): is dead/, ([node]) => `declares ${node} dead: nothing was heard from it for deadtime`],
  [/Dead node ([\w.-]+) gave up resources/, ([node]) => `knows that ${node} gave its resources up`],
  [/Link ([\w.-]+):(\S+) (up|dead)\./, ([node, link, state]) => `link ${link} to ${node} is ${state}`],
  [/Resources being acquired from ([\w.-]*\w)/, ([node]) => `takes over the resources of ${node}`],
  [/Acquiring resource group: (\S+) (.*)/, ([owner, group]) => `starts the resources of ${owner}: ${group}`],
  [/Releasing resource group: (\S+) (.*)/, ([owner, group]) => `stops the resources of ${owner}: ${group}`],
  [
    /([\w.-]+) wants to go standby \[(\w+)\]/,
    ([node, what]) => `${node} asks to give away its resources (${what})`,
  ],
  [/Local standby process completed/, () => 'has given the resources away'],
  [/Standby resource acquisition done/, () => 'has taken the resources that were given away'],
  [/Initial resource acquisition complete/, () => 'has settled who owns what'],
  [/Heartbeat shutdown complete/, () => 'has stopped heartbeat'],
  [/Received shutdown notice from '([\w.-]+)'/, ([node]) => `hears that ${node} is going down in good order`],
  [/Late heartbeat: Node ([\w.-]+): interval (\d+) ms/, ([node, ms]) => `heard ${node} late, after ${ms} ms`],
  [
    /initdead-small|No Previous generation|may be too small|accounts for slow network|should be >= deadtime/,
    () => null,
  ],
  [/STONITH|Shared disks|mach_down takeover/, () => null],
]

/** The service in a line about a real server: there is only one here. */
const SERVICE = /\s*\((?:tcp:|udp:|fwm:)?[\d.]+:\d+\)/
const LDIRECTORD: readonly Row[] = [
  [/Starting Linux Director/, () => 'ldirectord starts'],
  [
    /^Real server (\S+) \S+: (.*) \((.*)\)$/,
    ([real, change, why]) => `check of ${real}: ${change}, because: ${why}`,
  ],
  [/^Forwarding by (.*)/, ([how]) => `ldirectord forwards by ${how}`],
  [/Resetting soft failure count|Changed virtual server/, () => null],
  [/Added virtual server: (\S+)/, ([service]) => `ldirectord offers ${service}`],
  [/Quiescent real server: (\S+)(.*)/, ([real, rest]) => `real server ${real} is down: weight 0${rest}`],
  [/Restored real server: (\S+)(.*)/, ([real, rest]) => `real server ${real} is up again${rest}`],
  [/Added real server: (\S+)(.*)/, ([real, rest]) => `real server ${real} is up${rest}`],
  [
    /Deleted real server: (\S+)(.*)/,
    ([real, rest]) => `real server ${real} is down and was taken out${rest}`,
  ],
  [/Added fallback server: (\S+)(.*)/, ([real]) => `no real server is up: the sorry server ${real} answers`],
  [/Deleted fallback server: (\S+)/, ([real]) => `a real server is up: the sorry server ${real} rests`],
  [/Purged virtual server \(\w+\): (\S+)/, ([service]) => `ldirectord no longer offers ${service}`],
  [/Purged real server/, () => null],
  [/Configuration file '?([^']+?)'? has changed on disk/, ([file]) => `ldirectord sees a change of ${file}`],
  [/reread new configuration/, () => 'ldirectord uses the new configuration'],
  [/terminated on signal/, () => 'ldirectord stops'],
  [/Exiting|Invoking|stale pid file|real server table/, () => null],
]

function firstMatch(rows: readonly Row[], text: string): string | null | undefined {
  for (const [pattern, say] of rows) {
    const match = pattern.exec(text)
    if (match !== null) return say(match.slice(1))
  }
  return undefined
}

/** `Nov 21 02:05:37 beta heartbeat: [27]: WARN: text`; null: nothing that a newcomer needs. */
export function translateHaLog(line: string): string | null {
  const known = firstMatch(HEARTBEAT, line)
  if (known !== undefined) return known
  const serious = /: (WARN|ERROR|CRIT): (.*)$/.exec(line)
  return serious === null ? null : `${serious[1]}: ${serious[2]}`
}

/** `[Sat Nov 21 02:04:04 2026|ldirectord.cf|4711] text` */
export function translateLdirectordLog(line: string): string | null {
  const text = /^\[[^\]]*\] (.*)$/.exec(line)?.[1]
  if (text === undefined) return null
  const known = firstMatch(LDIRECTORD, text)
  if (known === undefined) return `ldirectord: ${text}`
  return (
    known
      ?.replace(SERVICE, '')
      .replace(/\(Weight set to (\d+)\)/, '(weight $1)')
      .replace('weight 0 (weight 0)', 'weight 0') ?? null
  )
}
