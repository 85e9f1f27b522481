/** ldirectord.cf against haresources: ldirectord forwards only what arrives, and a resource must bring the address up. */
import type { Haresources } from '../heartbeat/config/haresources.js'
import type { ServiceAddress } from '../ldirectord/config/lint.js'
import type { Diagnostic } from '../syntax/diagnostic.js'
import type { TextFile } from './files.js'

const ADDRESS_AGENTS = new Set(['IPaddr', 'IPaddr2', 'IPv6addr'])

/** All addresses that resources bring up, as written, without prefix. */
function broughtUp(haresources: Haresources): ReadonlySet<string> {
  const resources = haresources.groups.flatMap(group => group.resources)
  const addresses = resources.filter(({ script }) => ADDRESS_AGENTS.has(agentName(script)))
  return new Set(addresses.map(({ args }) => (args[0] ?? '').split('/', 1)[0]!.toLowerCase()))
}

/** A wrong case is a fault of its own and need not be reported as a missing address, too. */
function agentName(script: string): string {
  return [...ADDRESS_AGENTS].find(name => name.toLowerCase() === script.toLowerCase()) ?? script
}

export function checkServices(
  ldirectord: TextFile,
  services: readonly ServiceAddress[],
  haresources: Haresources,
  haresourcesPath: string,
): Diagnostic[] {
  const addresses = broughtUp(haresources)
  const lines = ldirectord.text.split('\n')
  const seen = new Set<string>()
  const diagnostics: Diagnostic[] = []
  for (const { address, span } of services) {
    if (addresses.has(address.toLowerCase()) || seen.has(address)) continue
    seen.add(address)
    diagnostics.push({
      file: ldirectord.path,
      span,
      source: lines[span.line - 1] ?? '',
      severity: 'warning',
      code: 'address-not-brought-up',
      message: `virtual wants an address that a resource brings up; found ${address}, which ${haresourcesPath} does not name`,
      help: `write "${address.includes(':') ? 'IPv6addr' : 'IPaddr2'}::${address}" before ldirectord in ${haresourcesPath}`,
    })
  }
  return diagnostics
}

/** Nobody starts ldirectord. */
export function checkStarted(
  ldirectord: TextFile,
  haresources: Haresources,
  haresourcesPath: string,
): Diagnostic[] {
  const starts = haresources.groups.some(group =>
    group.resources.some(({ script }) => script === 'ldirectord'),
  )
  if (starts) return []
  return [
    {
      file: ldirectord.path,
      span: null,
      severity: 'info',
      code: 'ldirectord-not-started',
      message: `${haresourcesPath} does not name ldirectord, so heartbeat does not start it`,
      help: 'write "ldirectord" behind the service address',
    },
  ]
}
