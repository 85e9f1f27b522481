/** `mcast6 DEV GROUP PORT HOPS LOOP`: one datagram to an IPv6 group, on a port of its own (not udpport). */
import type { Socket } from 'node:dgram'
import type { Link, LinkFailure, LinkHandlers } from './link.js'
import type { Mcast6Plan } from './plan.js'
import { ReceivePorts } from './receive-ports.js'
import { openUdpLink } from './udp-link.js'

export function openMcast6(
  plan: Mcast6Plan,
  handlers: LinkHandlers,
  ports = new ReceivePorts(),
): Promise<Link | LinkFailure> {
  const { device, group, port, ttl, loop } = plan
  const anyOfDevice = `::%${device}`
  const parts = {
    plan,
    peers: [],
    targets: [{ address: group, port }],
    receiveUse: { isShared: true },
    sendUse: {},
    prepare: (receiver: Socket, sender: Socket) => {
      receiver.addMembership(group, anyOfDevice)
      sender.setMulticastInterface(anyOfDevice)
      sender.setMulticastTTL(ttl)
      sender.setMulticastLoopback(loop)
    },
  }
  return openUdpLink(parts, handlers, ports)
}
