/** `mcast DEV GROUP PORT TTL LOOP`: one datagram to a group, on a port of its own (not udpport). */
import type { Socket } from 'node:dgram'
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { McastPlan } from './plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openMcast(
  plan: McastPlan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  const { group, port, ttl, loop, interfaceAddress } = plan
  const parts = {
    plan,
    peers: [],
    targets: [{ address: group, port }],
    receiveUse: { isShared: true },
    sendUse: {},
    prepare: (receiver: Socket, sender: Socket) => {
      receiver.addMembership(group, interfaceAddress)
      sender.setMulticastInterface(interfaceAddress)
      sender.setMulticastTTL(ttl)
      sender.setMulticastLoopback(loop)
    },
  }
  return openUdpLink(parts, handlers, ports)
}
