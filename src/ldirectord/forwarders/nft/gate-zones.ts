/**
 * The connections of direct routing (gate.ts): maps that the packets themselves fill, and the chains in which they do. A
 * connection moves from `opening` to `open` to `closing`, each map with its own time; datagrams have one of their own.
 */
import type { Service } from '../../core/table.js'
import {
  CONNECTION,
  CONNECTIONS_MAX,
  type ConnectionMap,
  type Family,
  GATE_TABLES,
  MAPS,
  SECONDS,
  TRANSPORT,
  ZONE_CHAINS,
  type ZoneChain,
  zonesOf,
} from './gate-names.js'

/** A chain with these rules and no others. */
export const chainOf = (table: string, name: string, rules: readonly string[]): string[] => [
  `add chain ${table} ${name}`,
  `flush chain ${table} ${name}`,
  ...rules.map(rule => `add rule ${table} ${name} ${rule}`),
]

/** The statement that keeps a connection, or keeps it longer. */
export const remember = (family: Family, map: ConnectionMap, zone: string): string =>
  `update @${map}${zone} { ${CONNECTION[family]} timeout ${SECONDS[map]}s : meta mark }`

function addMap(family: Family, name: ConnectionMap, zone: string): string {
  const type = `typeof ${CONNECTION[family]} : meta mark`
  return `add map ${GATE_TABLES[family]} ${name}${zone} { ${type}; flags dynamic,timeout; size ${CONNECTIONS_MAX}; timeout ${SECONDS[name]}s; }`
}

function lookUps(family: Family, zone: string): string[] {
  const lookUp = (protocol: 'tcp' | 'udp', map: ConnectionMap): string =>
    `${TRANSPORT[family]} ${protocol} meta mark set ${CONNECTION[family]} map @${map}${zone} goto ${map}${zone}`
  const tcp = (['open', 'closing', 'opening'] as const).map(name => lookUp('tcp', name))
  return [...tcp, lookUp('udp', 'datagrams')]
}

/** The maps of a zone, and the chains of what its packets do to them. */
export function zoneCommands(family: Family, zone: string): string[] {
  const table = GATE_TABLES[family]
  const keep = (map: ConnectionMap): string => remember(family, map, zone)
  const forget = (map: ConnectionMap): string => `delete @${map}${zone} { ${CONNECTION[family]} : meta mark }`
  const goto = (name: string): string => `goto ${name}${zone}`
  const chains: Record<ZoneChain, readonly string[]> = {
    known: lookUps(family, zone),
    opening: [
      `tcp flags & (fin | rst) != 0 ${goto('close')}`,
      `tcp flags & syn == syn ${goto('send')}`,
      `${keep('open')} ${goto('opened')}`,
      goto('send'),
    ],
    opened: [forget('opening'), goto('send')],
    open: [`tcp flags & (fin | rst) != 0 ${goto('close')}`, `${keep('open')} ${goto('send')}`],
    close: [keep('closing'), forget('open'), forget('opening'), goto('send')],
    // A client that uses its port again begins anew, as in IPVS with conn_reuse_mode.
    closing: [`tcp flags & (syn | ack) == syn ${goto('forget')}`, goto('send')],
    datagrams: [`${keep('datagrams')} ${goto('send')}`],
    send: [
      'jump route',
      // The server was removed.
      `tcp flags & (syn | ack) == syn ${goto('forget')}`,
      'meta l4proto tcp reject with tcp reset',
      goto('forget'),
    ],
    forget: [...MAPS.map(forget), 'meta mark set 0'],
  }
  return [
    ...MAPS.map(name => addMap(family, name, zone)),
    ...ZONE_CHAINS.map(name => `add chain ${table} ${name}${zone}`),
    ...ZONE_CHAINS.flatMap(name => chainOf(table, `${name}${zone}`, chains[name])),
  ]
}

/** Takes down the zones of old services that no service of now is in. */
export function goneZones(family: Family, old: readonly Service[], services: readonly Service[]): string[] {
  const table = GATE_TABLES[family]
  const stay = new Set(['', ...zonesOf(services)])
  return zonesOf(old)
    .filter(zone => !stay.has(zone))
    .flatMap(zone => {
      const chains = ZONE_CHAINS.map(name => `${name}${zone}`)
      return [
        ...chains.flatMap(name => chainOf(table, name, [])),
        ...chains.map(name => `delete chain ${table} ${name}`),
        ...MAPS.flatMap(name => [addMap(family, name, zone), `delete map ${table} ${name}${zone}`]),
      ]
    })
}
