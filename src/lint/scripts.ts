/** Does every resource of haresources name something that can be started, with arguments that it takes? */
import { isIPv4 } from '../base/ipv4.js'
import type { Haresources, Resource } from '../heartbeat/config/haresources.js'
import type { Report } from '../heartbeat/config/report.js'
import { nearest } from '../syntax/nearest.js'

/** Agents that need no script of their own in resource.d. */
const BUILTIN_AGENTS: readonly string[] = [
  ...['IPaddr', 'IPaddr2', 'IPv6addr', 'IPsrcaddr', 'SendArp', 'Filesystem', 'MailTo', 'Delay'],
  ...['portblock', 'apache', 'LVSSyncDaemonSwap', 'LVSRealServer', 'ldirectord', 'OCF'],
]

/** `scripts` null: what lies in resource.d is not known, so only a wrong case of a built-in name is a fault. */
export function checkScripts(
  haresources: Haresources,
  scripts: readonly string[] | null,
  report: Report,
): void {
  for (const resource of haresources.groups.flatMap(group => group.resources)) {
    checkName(resource, scripts, report)
    if (/^ipaddr2?$/i.test(resource.script)) checkAddressArgument(resource, report)
  }
}

function checkName(resource: Resource, scripts: readonly string[] | null, report: Report): void {
  const known = [...BUILTIN_AGENTS, ...(scripts ?? [])]
  const { script } = resource
  if (known.includes(script)) return
  const cased = known.filter(name => name.toLowerCase() === script.toLowerCase())
  if (scripts === null && cased.length === 0) return
  const meant = cased[0] ?? (report.isFull ? null : nearest(script, known))
  const place = partOf(resource, 0, script.length)
  const edit = { ...place.span, text: meant ?? '' }
  report.error(place, {
    code: 'unknown-script',
    message: `no script or built-in agent is called "${script}"${meant === null ? '' : `; did you mean "${meant}"?`}`,
    original: `Cannot locate resource script ${script}`,
    help: meant === null ? 'put an executable script of that name into resource.d' : `write "${meant}"`,
    // Only a difference of case leaves no doubt about what was meant.
    ...(cased.length === 1 ? { fix: { description: `write "${cased[0]}"`, edits: [edit] } } : {}),
  })
}

interface Fault {
  /** Place within the argument. */
  readonly offset: number
  readonly length: number
  /** Follows the name of the agent. */
  readonly message: string
  readonly help: string
}

/** `ip[/prefix[/nic[:label][/broadcast]]]`, as the scripts IPaddr and IPaddr2 read it. */
function checkAddressArgument(resource: Resource, report: Report): void {
  const argument = resource.args[0] ?? ''
  const start = resource.text.lastIndexOf(argument)
  const [address = '', prefix = '', third = ''] = argument.split('/')
  const fault = faultOf(argument)
  if (fault !== null) {
    const { offset, length, message, help } = fault
    const place = partOf(resource, start + offset, length)
    report.error(place, { code: 'bad-argument', message: `${resource.script} ${message}`, help })
  }
  checkInterface(resource, start + address.length + prefix.length + 2, third, report)
}

function faultOf(argument: string): Fault | null {
  const [address = '', prefix = '', , broadcast = ''] = argument.split('/')
  if (!isIPv4(address)) {
    const message = `wants an IPv4 address; found ${address === '' ? 'nothing' : `"${address}"`}`
    return {
      offset: 0,
      length: address.length,
      message,
      help: 'write for example "IPaddr2::10.0.0.50/24/eth0"',
    }
  }
  const isPrefix = isIPv4(prefix) || (/^\d{1,2}$/.test(prefix) && Number(prefix) <= 32)
  if (prefix !== '' && !isPrefix) {
    const message = `wants a prefix length from 0 to 32; found "${prefix}"`
    return { offset: address.length + 1, length: prefix.length, message, help: 'write for example "24"' }
  }
  if (broadcast === '' || isIPv4(broadcast)) return null
  const message = `wants an IPv4 broadcast address; found "${broadcast}"`
  const offset = argument.length - broadcast.length
  return { offset, length: broadcast.length, message, help: 'leave it out: it follows from the prefix' }
}

/** What begins with a digit is taken for a broadcast address, not for an interface. */
function checkInterface(resource: Resource, start: number, third: string, report: Report): void {
  if (!/^\d/.test(third) || isIPv4(third)) return
  const label = /^\d+(:.+)$/.exec(third)?.[1] ?? ''
  report.error(partOf(resource, start, third.length), {
    code: 'label-without-interface',
    message: `${resource.script} wants an interface before a label; found "${third}", which is read as a broadcast address`,
    original: `Invalid broadcast address [${third}]`,
    help: `write the interface's name first, such as "eth0${label}"`,
  })
}

function partOf(resource: Resource, offset: number, length: number) {
  const { span, source } = resource.place
  return { span: { line: span.line, column: span.column + offset, length: Math.max(1, length) }, source }
}
