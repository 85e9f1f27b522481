/**
 * Reads what the address agents decide by: over netlink where such calls can be made, else from the program ip. A start
 * begins with this, between the verdict over a peer and the address answering.
 */
import { isNativeFailure } from '../base/io/native.js'
import { askKernel } from '../base/io/netlink-socket.js'
import type { AgentContext } from './agent.js'
import { factsFromKernel, type HostFacts, readAddresses, readRoutes } from './host-facts.js'
import { ip } from './ip-command.js'

/** A sentence when nothing can be known. */
export async function readHostFacts(context: AgentContext): Promise<HostFacts | string> {
  const records = askKernel(['links', 'addresses', 'routes'])
  return isNativeFailure(records) ? askIp(context) : factsFromKernel(records)
}

/** Three questions at once: a link without an IPv4 address is absent from the answer for -4. */
export async function askIp(context: AgentContext): Promise<HostFacts | string> {
  const [addresses, routes, links] = await Promise.all([
    ip(['-j', '-4', 'addr', 'show'], context),
    ip(['-j', '-4', 'route', 'show'], context),
    ip(['-j', 'link', 'show'], context),
  ])
  if (addresses.spawnError !== null) return 'the command ip is missing: install iproute2'
  if (addresses.exitCode !== 0) return `ip addr failed: ${addresses.stderr.trim() || 'no reason given'}`
  const { addresses: found } = readAddresses(addresses.stdout)
  return { nics: readAddresses(links.stdout).nics, addresses: found, routes: readRoutes(routes.stdout) }
}
