/** What the real server of a connection is told of the client: a header before everything, or one in each request. */
import type { Service } from '../../core/table.js'
import { ForwardedFor } from './forwarded-for.js'
import type { Client } from './live-table.js'
import { proxyHeader } from './proxy-header.js'

export interface Introduction {
  /** To be sent before the first byte. */
  readonly header: Buffer | null
  /** What the client sends goes through this. */
  readonly requests: ForwardedFor | null
}

/** @param to what the client called */
export function introduce(
  { proxyProtocol, forwardedFor }: Service,
  from: Client,
  to: Client,
): Introduction | null {
  if (proxyProtocol === undefined && !forwardedFor) return null
  return {
    header: proxyProtocol ? proxyHeader(proxyProtocol, { protocol: 'tcp', from, to }) : null,
    requests: forwardedFor ? new ForwardedFor(from.address) : null,
  }
}
