/** `ucast6 DEV ADDR`: one datagram to each peer over IPv6. Lines of the same device are one link. */
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { Ucast6Plan } from './link-plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openUcast6(
  plan: Ucast6Plan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  const targets = plan.peers.map(address => ({ address, port: plan.port }))
  const parts = { plan, peers: plan.peers, targets, receiveUse: { isShared: plan.isShared }, sendUse: {} }
  return openUdpLink(parts, handlers, ports)
}
