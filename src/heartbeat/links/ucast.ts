/** `ucast DEV ADDR`: one datagram to each peer. Lines of the same device are one link. */
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { UcastPlan } from './link-plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openUcast(
  plan: UcastPlan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  const targets = plan.peers.map(address => ({ address, port: plan.port }))
  const parts = { plan, peers: plan.peers, targets, receiveUse: {}, sendUse: { lowDelay: true } }
  return openUdpLink(parts, handlers, ports)
}
