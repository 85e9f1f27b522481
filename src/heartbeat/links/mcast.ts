/** `mcast DEV GROUP PORT TTL LOOP`: one datagram to a group, on a port of its own (not udpport). */
import type { Socket } from 'node:dgram'
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { Mcast6Plan, McastPlan } from './link-plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openMcast(
  plan: McastPlan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  return openGroup(plan, plan.interfaceAddress, handlers, ports)
}

/** `membership`: the interface as this family names it to the kernel. */
export function openGroup(
  plan: McastPlan | Mcast6Plan,
  membership: string,
  handlers: LinkHandlers,
  ports: ReceivePorts,
): Promise<Link | LinkFailure> {
  const { group, port, ttl, loop } = plan
  const parts = {
    plan,
    peers: [],
    targets: [{ address: group, port }],
    receiveUse: { isShared: true },
    sendUse: {},
    prepare: (receiver: Socket, sender: Socket) => {
      receiver.addMembership(group, membership)
      sender.setMulticastInterface(membership)
      sender.setMulticastTTL(ttl)
      sender.setMulticastLoopback(loop)
    },
  }
  return openUdpLink(parts, handlers, ports)
}
