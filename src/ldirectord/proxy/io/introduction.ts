/** What the real server of a connection is told of the client: a header before everything, or one in each request. */
import type { Socket } from 'node:net'
import type { Service } from '../../core/table.js'
import { ForwardedFor } from '../core/forwarded-for.js'
import { proxyHeader } from '../core/proxy-header.js'

export interface Introduction {
  readonly header: Buffer | null
  readonly requests: ForwardedFor | null
}

export function introduce({ proxyProtocol, forwardedFor }: Service, client: Socket): Introduction | null {
  if (proxyProtocol === undefined && !forwardedFor) return null
  const from = { address: client.remoteAddress ?? '', port: client.remotePort ?? 0 }
  const to = { address: client.localAddress ?? '', port: client.localPort ?? 0 }
  return {
    header: proxyProtocol ? proxyHeader(proxyProtocol, { protocol: 'tcp', from, to }) : null,
    requests: forwardedFor ? new ForwardedFor(from.address) : null,
  }
}

/** As `client.pipe(real)`, with the bytes changed on the way; @param refuse ends the connection. */
export function carryRequests(
  client: Socket,
  real: Socket,
  requests: ForwardedFor,
  refuse: () => void,
): void {
  client.on('data', (chunk: Buffer) => {
    const pieces = requests.push(chunk)
    if (pieces === null) {
      refuse()
      return
    }
    real.cork()
    for (const piece of pieces) real.write(piece)
    real.uncork()
    if (real.writableNeedDrain) client.pause()
  })
  real.on('drain', () => void client.resume())
  client.on('end', () => {
    const rest = requests.end()
    if (rest) real.end(rest)
    else real.end()
  })
  client.resume() // it was paused since the accept
}
