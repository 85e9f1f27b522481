/**
 * proxyprotocol and forwardedfor: what only a forwarder does that hides the client's address. For the others these
 * settings do not stand in the table, and the log says what they mean for the real servers.
 */
import { serviceText } from '../log-lines.js'
import type { ProxyProtocol, Service, Table } from './table.js'

/** The table as a forwarder has it that does not tell real servers of clients. */
export function withoutTelling(table: Table): Table {
  return {
    services: table.services.map(service => {
      const { forwardedFor, ...rest } = service
      if (forwardedFor === undefined && headerOf(service) === undefined) return service
      return { ...rest, destinations: service.destinations.map(({ proxyProtocol, ...plain }) => plain) }
    }),
  }
}

/** The same for all real servers of a service. */
const headerOf = ({ destinations }: Service): ProxyProtocol | undefined =>
  destinations.find(({ proxyProtocol }) => proxyProtocol !== undefined)?.proxyProtocol

/** What the proxy cannot tell, because datagrams have no requests and version 1 of the header has no datagrams. */
export function untellable(service: Service): string[] {
  const { key, forwardedFor } = service
  if (key.protocol !== 'udp') return []
  const name = `virtual ${serviceText(key)}`
  return [
    ...(headerOf(service) === 'v1'
      ? [`${name}: proxyprotocol=v1 knows no UDP, so no header is sent; use v2`]
      : []),
    ...(forwardedFor ? [`${name}: forwardedfor=yes is for HTTP over TCP and does nothing for UDP`] : []),
  ]
}

/** What a forwarder that keeps the client's address does not do. */
export function untold(service: Service, forwarder: string): string[] {
  const { key, forwardedFor } = service
  const proxyProtocol = headerOf(service)
  const name = `virtual ${serviceText(key)}`
  const directives = [
    ...(proxyProtocol === undefined ? [] : [`proxyprotocol=${proxyProtocol}`]),
    ...(forwardedFor === undefined ? [] : ['forwardedfor=yes']),
  ]
  return directives.map(
    directive =>
      `${name}: ${directive} works with forwarder=proxy only; with ${forwarder} real servers see the address of the client itself, and no header`,
  )
}
