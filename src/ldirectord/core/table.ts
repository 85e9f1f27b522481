/**
 * The table of virtual services: the one type that every forwarder (kernel IPVS, nftables, user space) shows and
 * edits. Values are as the kernel keeps them; nothing here knows about checks or files.
 */

export type ForwardMethod = 'gate' | 'masq' | 'ipip'

/** What makes a service the same service: protocol, address and port, or a firewall mark and its family. */
export type ServiceKey =
  | {
      readonly protocol: 'tcp' | 'udp'
      readonly family: 4 | 6
      readonly address: string
      readonly port: number
    }
  | { readonly protocol: 'fwm'; readonly family: 4 | 6; readonly mark: number }

export type ProxyProtocol = 'v1' | 'v2'

export interface Destination {
  /** IPv6 without brackets. */
  readonly address: string
  readonly port: number
  readonly method: ForwardMethod
  readonly weight: number
  /** Connection thresholds (ipvsadm -x and -y); 0: none. */
  readonly upper: number
  readonly lower: number
  /** The same by a header before the first byte. */
  readonly proxyProtocol?: ProxyProtocol
}

export interface Service {
  readonly key: ServiceKey
  readonly scheduler: string
  /** null: not persistent. */
  readonly persistentSeconds: number | null
  /** IPv4 dotted mask or IPv6 prefix length, as ipvsadm -M takes it; null: host. */
  readonly netmask: string | null
  /** ipvsadm -b, such as `sh-fallback,sh-port`; '' for none. */
  readonly schedulerFlags: string
  /** One-packet scheduling, UDP only. */
  readonly ops: boolean
  /** Real servers learn the client's address from the proxy, which hides it: by X-Forwarded-For in requests of HTTP/1. */
  readonly forwardedFor?: true
  readonly destinations: readonly Destination[]
}

/** Services in a stable order; a key stands in it once, a destination address:port once per service. */
export interface Table {
  readonly services: readonly Service[]
}

export const EMPTY_TABLE: Table = { services: [] }

/** `tcp:10.0.0.1:80`, `udp:[fd00::1]:53`, `fwm:5`, `fwm6:5`: for maps and for reading. */
export function serviceId(key: ServiceKey): string {
  if (key.protocol === 'fwm') return `${key.family === 6 ? 'fwm6' : 'fwm'}:${key.mark}`
  return `${key.protocol}:${endpoint(key.address, key.port)}`
}

/** `10.0.0.1:80` or `[fd00::1]:80`. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** One change of a table. A forwarder applies a list of these in order; each one alone leaves a valid table. */
export type Edit =
  | { readonly kind: 'addService'; readonly service: Service }
  | { readonly kind: 'editService'; readonly service: Service }
  | { readonly kind: 'deleteService'; readonly key: ServiceKey }
  | { readonly kind: 'addDestination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly kind: 'editDestination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly kind: 'deleteDestination'; readonly key: ServiceKey; readonly destination: Destination }
// addService and editService carry a service whose `destinations` are ignored: destinations have edits of their own.
