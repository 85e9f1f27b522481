/** What all media over UDP share: a listening socket, a sending socket, and counts. */
import type { Socket } from 'node:dgram'
import type { Link, LinkCounts, LinkFailure, LinkHandlers } from './link.js'
import type { UdpPlan } from './link-plan.js'
import type { ReceivePorts } from './receive-ports.js'
import { SendPort, type Target } from './send-port.js'
import { openUdp, type SocketUse } from './udp-socket.js'

export interface UdpLinkParts {
  readonly plan: UdpPlan
  readonly peers: readonly string[]
  readonly targets: readonly Target[]
  readonly receiveUse: SocketUse
  readonly sendUse: SocketUse
  /** Membership and the like; throws the error of the system. */
  readonly prepare?: (receiver: Socket, sender: Socket) => void
}

export async function openUdpLink(
  { plan, peers, targets, receiveUse, sendUse, prepare }: UdpLinkParts,
  handlers: LinkHandlers,
  ports: ReceivePorts,
): Promise<Link | LinkFailure> {
  const { name, kind } = plan
  const counts: LinkCounts = { sent: 0, dropped: 0, received: 0 }
  const listening = await ports.listen(plan.listen, receiveUse, {
    link: name,
    peers,
    onTrouble: handlers.onTrouble,
    onPacket: (bytes, from) => {
      counts.received++
      handlers.onPacket(bytes, from)
    },
  })
  if ('reason' in listening) return listening
  const sender = await openUdp(plan.source, sendUse, name)
  if ('reason' in sender) {
    await listening.release()
    return sender
  }
  const sendPort = new SendPort(sender, targets, name, counts, handlers.onTrouble)
  const link: Link = {
    name,
    kind,
    form: 'netstring',
    counts,
    send: bytes => sendPort.send(bytes),
    close: async () => {
      await Promise.all([listening.release(), sendPort.close()])
    },
  }
  try {
    prepare?.(listening.socket, sender)
    return link
  } catch (error) {
    await link.close()
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    return { reason: `link ${name}: ${kind} on ${plan.device} does not work: ${code}`, code }
  }
}
