/**
 * Opens one UDP socket: through native.ts where that works (device binding, type of service), else as Node can.
 * What the system answers becomes a sentence that says what to do.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { isNativeFailure, nativeFault } from '../../base/io/native.js'
import { openUdpSocket } from '../../base/io/udp-descriptor.js'
import type { LinkFailure } from './link.js'
import type { LocalEnd } from './link-plan.js'

export interface SocketUse {
  /** Several sockets may listen at this end: broadcast and multicast reach them all. */
  readonly isShared?: boolean
  readonly broadcast?: boolean
  readonly lowDelay?: boolean
}

/** Only addresses are ever sent to: no name is looked up on the way. */
const noLookup = (
  host: string,
  _options: unknown,
  found: (error: null, address: string, family: number) => void,
): void => found(null, host, 4)

/** An open, bound socket whose 'error' events the caller must handle; or why there is none. */
export async function openUdp(
  end: LocalEnd,
  use: SocketUse,
  linkName: string,
): Promise<Socket | LinkFailure> {
  // biome-ignore lint/suspicious/noExplicitAny: the declared type asks for all overloads of dns.lookup
  const lookup = noLookup as any
  const reuseAddr = use.isShared === true
  const options = isIPv6(end.address)
    ? ({ type: 'udp6', ipv6Only: true, reuseAddr, lookup } as const)
    : ({ type: 'udp4', reuseAddr, lookup } as const)
  if (nativeFault() !== null) return bindPlain(createSocket(options), end, use, linkName)
  const fd = openUdpSocket({
    address: end.address,
    port: end.port,
    ...(end.device !== null && { device: end.device }),
    reuseAddress: use.isShared === true,
    broadcast: use.broadcast === true,
    lowDelay: use.lowDelay === true,
  })
  if (isNativeFailure(fd)) return { reason: sentence(fd.code, end, linkName), code: fd.code }
  const socket = createSocket(options)
  await new Promise<void>(resolve => socket.bind({ fd }, resolve))
  return socket
}

async function bindPlain(
  socket: Socket,
  end: LocalEnd,
  use: SocketUse,
  linkName: string,
): Promise<Socket | LinkFailure> {
  const code = await new Promise<string | null>(resolve => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'))
    socket.bind({ address: end.address, port: end.port, exclusive: true }, () => resolve(null))
  })
  socket.removeAllListeners('error')
  if (code !== null) {
    socket.close()
    return { reason: sentence(code, end, linkName), code }
  }
  if (use.broadcast) socket.setBroadcast(true)
  return socket
}

function sentence(code: string, { address, port, device }: LocalEnd, link: string): string {
  const place = `${address === '0.0.0.0' || address === '::' ? 'UDP' : `${address} UDP`} port ${port}`
  switch (code) {
    case 'EADDRINUSE':
      return `link ${link}: ${place} is in use by another program: stop that one, or choose another udpport`
    case 'EACCES':
      return `link ${link}: ${place} is not permitted: start as root, or set udpport above 1023 in ha.cf`
    case 'EADDRNOTAVAIL':
      return `link ${link}: ${address} is not an address of this machine: bring the interface up first`
    case 'ENODEV':
      return `link ${link}: there is no interface ${device} on this machine: correct the line in ha.cf`
    case 'EPERM':
      return `link ${link}: a socket may not be bound to ${device ?? place}: start as root`
    default:
      return `link ${link}: cannot open ${place}: ${code}`
  }
}
