/** `bcast DEV`: one datagram to all of the interface's network. Our own come back and are harmless. */
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { BcastPlan } from './link-plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openBcast(
  plan: BcastPlan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  const targets = [{ address: plan.broadcast, port: plan.port }]
  const parts = { plan, peers: [], targets, receiveUse: { isShared: true }, sendUse: { broadcast: true } }
  return openUdpLink(parts, handlers, ports)
}
