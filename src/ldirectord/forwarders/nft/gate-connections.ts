/**
 * Who is connected through direct routing: the elements of the connection maps in gate.ts, as `nft -j list table` prints
 * them. The ports of both are one number, the client's first; the virtual address is that of the zone with IPv6.
 *
 *   open         [{ "elem": { "val": { "concat": ["10.98.1.2", "10.98.1.100", 3929669712] }, "expires": 118 } }, 174194965]
 *   open_fd98__1 [{ "elem": { "val": { "concat": ["0xfd980000...", 3929669712] }, "expires": 899 } }, 16909060]
 */
import type { Table } from '../../core/table.js'
import type { Tracked } from './connection-count.js'
import { type ConnectionMap, markOf, zoneOf } from './gate-names.js'

interface ListedMap {
  readonly map?: { readonly name: string; readonly elem?: readonly unknown[] }
}

const PROTOCOL: Readonly<Record<string, Tracked['protocol']>> = {
  opening: 'tcp',
  open: 'tcp',
  closing: 'tcp',
  datagrams: 'udp',
} satisfies Record<ConnectionMap, Tracked['protocol']>

/** The connections of one family's table; those to servers that are no longer in the table are left out. */
export function* routedConnections(text: string, { services }: Table): Generator<Tracked> {
  const routed = services
    .flatMap(({ destinations }) => destinations)
    .filter(({ method }) => method === 'gate')
  const addresses = new Map(routed.map(destination => [markOf(destination), destination.address]))
  const zones = new Map(services.map(({ key }) => [zoneOf(key), key.protocol === 'fwm' ? '' : key.address]))
  const { nftables } = JSON.parse(text) as { nftables: readonly ListedMap[] }
  for (const { map } of nftables) {
    const [, name = '', zone = ''] = /^([a-z]+)(_.*)?$/.exec(map?.name ?? '') ?? []
    const protocol = PROTOCOL[name]
    if (protocol === undefined) continue
    for (const element of map?.elem ?? []) {
      const [key, mark] = element as [{ elem?: { val?: { concat?: unknown[] } } }, number]
      const parts = key.elem?.val?.concat ?? []
      const real = addresses.get(mark)
      if (real === undefined || parts.length < 2) continue
      const address = parts.length === 3 ? String(parts[1]) : zones.get(zone)!
      const port = Number(parts.at(-1)) & 0xffff
      // The port is never changed.
      yield {
        protocol,
        isEstablished: name === 'open',
        virtual: { address, port },
        real: { address: real, port },
      }
    }
  }
}
