/** `mcast6 DEV GROUP PORT HOPS LOOP`: one datagram to an IPv6 group, on a port of its own (not udpport). */
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { Mcast6Plan } from './link-plan.js'
import { openGroup } from './mcast.js'
import { ReceivePorts } from './receive-ports.js'

export function openMcast6(
  plan: Mcast6Plan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  return openGroup(plan, `::%${plan.device}`, handlers, ports)
}
