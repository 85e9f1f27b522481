/** What the real server of a connection is told of the client: a header before everything, or one in each request. */
import type { Destination, Service } from '../../core/table.js'
import { ForwardedFor } from './forwarded-for.js'
import type { Client } from './live-table.js'
import { proxyHeader } from './proxy-header.js'

/** To be sent before the first byte; null: nothing. @param to what the client called */
export function headerFor({ proxyProtocol }: Destination, from: Client, to: Client): Buffer | null {
  return proxyProtocol === undefined ? null : proxyHeader(proxyProtocol, { protocol: 'tcp', from, to })
}

/** What the bytes of the client go through; null: nothing. */
export function requestsOf({ forwardedFor }: Service, from: Client): ForwardedFor | null {
  return forwardedFor ? new ForwardedFor(from.address) : null
}
