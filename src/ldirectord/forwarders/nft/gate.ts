/**
 * Direct routing (gate): packets go on to the real server as they came, which has the service's address itself and
 * answers past this machine. `dup to ADDRESS` sends a copy on its way to that neighbour, whose Ethernet address the kernel
 * asks for and keeps; the original is dropped. No answer comes by, so the kernel's connection tracking is of no use
 * here: maps of our own say which client is connected where. One table a family, `ip systole` and `ip6 systole`.
 *
 *   arriving (before connection tracking) -> known: open, closing, opening, datagrams -> send
 *   send -> route -> tcp_10.0.0.1_80/known: the real server by its mark; a server that was removed: "reset"
 *   choosing (after marks are set):     the service, and for a connection's first packet one of its real servers
 *   tcp_10.0.0.1_80/10.0.1.21_80:       remembers client and connection, then as known
 *   errors -> tcp_10.0.0.1_80/errors:   ICMP errors about connections (gate-errors.ts)
 *   tcp_10.0.0.1_80/others:             goes to a server that is not routed; the table of translations picks which
 *
 * A connection is opening after its SYN (60 s), open when its client goes on (900 s), closing after a FIN or RST (120 s);
 * those are the times of IPVS, which does not see the answers either.
 */
import type { Destination, Service, Table } from '../../core/table.js'
import { errorLeads, errorRules, errorsChain } from './gate-errors.js'
import {
  ARRIVING,
  CHOOSING,
  type Family,
  GATE_TABLES,
  hasGate,
  knownChain,
  markOf,
  othersChain,
  TRANSPORT,
  zoneOf,
} from './gate-names.js'
import { chainOf, goneZones, remember, zoneCommands } from './gate-zones.js'
import { destinationChain, serviceChain } from './names.js'
import { isRouted, slotsOf } from './scheduling.js'
import { client, clientSet, dispatch, type IsLocal, pick } from './words.js'

/** The commands of one family's table. */
class GateTable {
  readonly #family: Family
  readonly #table: string
  readonly #transport: string
  readonly #isLocal: IsLocal

  constructor(family: Family, isLocal: IsLocal) {
    this.#family = family
    this.#table = GATE_TABLES[family]
    this.#transport = TRANSPORT[family]
    this.#isLocal = isLocal
  }

  gone(): string[] {
    return [`add table ${this.#table}`, `delete table ${this.#table}`]
  }

  base(services: readonly Service[]): string[] {
    const apart = new Map(
      services.flatMap(({ key }) => (zoneOf(key) === '' ? [] : [[zoneOf(key), key] as const])),
    )
    const leads = [...apart].map(
      ([zone, key]) => `${key.protocol === 'fwm' ? '' : key.address} : jump known${zone}`,
    )
    return [
      `add table ${this.#table}`,
      ...chainOf(this.#table, 'route', []),
      ...this.#chain('errors', []),
      ...['', ...apart.keys()].flatMap(zone => zoneCommands(this.#family, zone)),
      `add chain ${this.#table} ${ARRIVING} { type filter hook prerouting priority -299; }`,
      `flush chain ${this.#table} ${ARRIVING}`,
      ...(leads.length === 0
        ? []
        : [`add rule ${this.#table} ${ARRIVING} ip6 daddr vmap { ${leads.join(', ')} }`]),
      `add rule ${this.#table} ${ARRIVING} jump known`,
      `add chain ${this.#table} ${CHOOSING} { type filter hook prerouting priority -149; }`,
    ]
  }

  /** Which packet belongs to which service; `services`: all of the family that are routed. */
  leads(services: readonly Service[]): string[] {
    const keys = services.map(({ key }) => key)
    return [
      ...this.#chain('errors', errorLeads(services)),
      ...this.#chain(CHOOSING, [
        'meta l4proto { icmp, ipv6-icmp } goto errors',
        `${this.#transport} != { tcp, udp } return`,
        // What connection tracking knows was translated, or is answered by this machine.
        'ct direction original ct state established return',
        ...dispatch(keys, '', key => `goto ${serviceChain(key)}`),
      ]),
      ...this.#chain('route', [
        ...dispatch(
          keys.filter(({ protocol }) => protocol !== 'fwm'),
          '',
          key => `jump ${serviceChain(key)}/known`,
        ),
        ...services.filter(({ key }) => key.protocol === 'fwm').map(service => `jump ${knownChain(service)}`),
      ]),
    ]
  }

  service(service: Service): string[] {
    const { key, destinations, persistentSeconds } = service
    const routed = destinations.filter(destination => this.#isRouted(destination))
    const chain = serviceChain(key)
    const others = othersChain(service)
    const hasOthers = persistentSeconds !== null && routed.length < destinations.length
    const name = (destination: Destination): string => destinationChain(key, destination)
    const verdict = (destination: Destination): string =>
      this.#isRouted(destination) ? `goto ${name(destination)}` : hasOthers ? `goto ${others}` : 'return'
    const slots = slotsOf(service).map(verdict)
    const remembered = persistentSeconds === null ? [] : [...routed.map(name), ...(hasOthers ? [others] : [])]
    const stays = (set: string): string =>
      `update @${set} { ${client(service)} timeout ${persistentSeconds}s }`
    const targets = routed.map(each => `${markOf(each)} : ${each.address}`).join(', ')
    return [
      ...remembered.map(set => clientSet(this.#table, key, set)),
      ...this.#chain(knownChain(service), [`dup to meta mark map { ${targets} } drop`]),
      ...routed.flatMap(destination =>
        this.#chain(name(destination), [
          ...(persistentSeconds === null ? [] : [stays(name(destination))]),
          `meta mark set ${markOf(destination)}`,
          ...this.#rememberFirst(service),
          // Too many connections to remember one more: it could not be kept.
          'drop',
        ]),
      ),
      ...(hasOthers ? this.#chain(others, [stays(others)]) : []),
      ...this.#chain(errorsChain(service), errorRules(routed.map(({ address }) => address))),
      ...this.#chain(chain, [
        ...(key.protocol === 'udp' ? [] : ['tcp flags & (fin | syn | rst | ack) != syn return']),
        ...remembered.map(set => `${client(service)} @${set} goto ${set}`),
        slots.length === 0 ? 'return' : pick(service, slots),
      ]),
    ]
  }

  /** What `old` has and `next` (absent: gone, or routed no longer) has not. To be done when nothing leads there any more. */
  leftovers(old: Service, next: Service | null): string[] {
    const named = ({ key, destinations }: Service, which: (each: Destination) => boolean): string[] =>
      destinations.filter(which).map(destination => destinationChain(key, destination))
    const routed = next === null ? [] : named(next, each => this.#isRouted(each))
    const hasOthers =
      next !== null && next.persistentSeconds !== null && routed.length < next.destinations.length
    const had = [...named(old, ({ method }) => method === 'gate'), othersChain(old)]
    const wanted = new Set([...routed, ...(hasOthers ? [othersChain(old)] : [])])
    const chains = [
      ...had.filter(chain => !wanted.has(chain)),
      ...(next === null ? [knownChain(old), errorsChain(old), serviceChain(old.key)] : []),
    ]
    const keepsSets = next !== null && next.persistentSeconds !== null
    const sets = old.persistentSeconds === null ? [] : had.filter(set => !keepsSets || !wanted.has(set))
    // Adding what is there is no error, deleting what is not there is one.
    return [
      ...chains.flatMap(chain => this.#chain(chain, [])),
      ...chains.map(chain => `delete chain ${this.#table} ${chain}`),
      ...sets.flatMap(set => [clientSet(this.#table, old.key, set), `delete set ${this.#table} ${set}`]),
    ]
  }

  #isRouted(destination: Destination): boolean {
    return isRouted(destination, this.#isLocal)
  }

  #chain(name: string, rules: readonly string[]): string[] {
    const commands = chainOf(this.#table, name, rules)
    // What the kernel calls was added with its hook.
    return name === CHOOSING ? commands.slice(1) : commands
  }

  #rememberFirst({ key, ops }: Service): string[] {
    const known = `goto ${serviceChain(key)}/known`
    const tcp = `${remember(this.#family, 'opening', zoneOf(key))} ${known}`
    const udp = ops ? known : `${remember(this.#family, 'datagrams', zoneOf(key))} ${known}`
    return [
      ...(key.protocol === 'udp' ? [] : [`meta l4proto tcp ${tcp}`]),
      ...(key.protocol === 'tcp' ? [] : [`meta l4proto udp ${udp}`]),
    ]
  }
}

export interface Changes {
  readonly changes: readonly { readonly old: Service | undefined; readonly next: Service }[]
  readonly deleted: readonly Service[]
}

/** The commands for the tables of direct routing, behind those of the table of translations. */
export function gateTransition(
  current: Table,
  next: Table,
  { changes, deleted }: Changes,
  isLocal: IsLocal,
): string[] {
  const isRoutedService = ({ destinations }: Service): boolean =>
    destinations.some(destination => isRouted(destination, isLocal))
  return ([4, 6] as const).flatMap(family => {
    const ofFamily = ({ key }: Service): boolean => key.family === family
    const table = new GateTable(family, isLocal)
    const services = next.services.filter(ofFamily).filter(isRoutedService)
    if (services.length === 0) return current.services.filter(ofFamily).some(hasGate) ? table.gone() : []
    const changed = changes.filter(change => ofFamily(change.next))
    const leaving = deleted.filter(ofFamily).filter(hasGate)
    return [
      ...table.base(services),
      ...changed.flatMap(change => (isRoutedService(change.next) ? table.service(change.next) : [])),
      ...table.leads(services),
      ...changed.flatMap(({ old, next: now }) =>
        old !== undefined && hasGate(old) ? table.leftovers(old, isRoutedService(now) ? now : null) : [],
      ),
      ...leaving.flatMap(old => table.leftovers(old, null)),
      ...goneZones(family, current.services.filter(ofFamily).filter(hasGate), services),
    ]
  })
}
