/**
 * The table of virtual services as commands for `nft -f`, which takes effect as one transaction or not at all.
 *
 *   prerouting, output -> dispatch: the service by address, protocol and port, by address alone, or by mark
 *   tcp_10.0.0.1_80:                a client known to a destination goes there again; else numgen or jhash picks one
 *   tcp_10.0.0.1_80/10.0.1.21_80:   remembers the client (persistence), translates the address
 *   refusing:                       services without any server answer as IPVS does, with "port unreachable"
 *   leaving:                        connections to a destination that was removed are ended
 *
 * Only the first packet of a connection comes by; the rest follows the kernel's connection tracking. So weight 0 keeps
 * what is established.
 */
import { sameDestination } from '../../core/reconcile.js'
import {
  type Destination,
  endpoint,
  type Service,
  type ServiceKey,
  serviceId,
  type Table,
} from '../../core/table.js'
import { gateTransition } from './gate.js'
import { DISPATCH, destinationChain, destinationRecord, serviceChain, serviceRecord, TABLE } from './names.js'
import { isRouted, slotsOf } from './scheduling.js'
import { client, clientSet, dispatch, type IsLocal, ip, isLoopback, isPortless, pick } from './words.js'

/** Remembered removals, at most. */
const GONE_MAX = 65_535
/** As long as IPVS remembers an established TCP connection. */
const GONE_SECONDS = 900

const addRule = (chain: string, rule: string): string => `add rule ${TABLE} ${chain} ${rule}`
const emptyChain = (name: string): string[] => [`add chain ${TABLE} ${name}`, `flush chain ${TABLE} ${name}`]

const BASE = [
  `add table ${TABLE}`,
  `add chain ${TABLE} ${DISPATCH}`,
  `add chain ${TABLE} leave`,
  `flush chain ${TABLE} leave`,
  addRule('leave', 'meta l4proto tcp reject with tcp reset'),
  addRule('leave', 'drop'),
  ...['prerouting', 'output'].flatMap(hook => [
    `add chain ${TABLE} ${hook} { type nat hook ${hook} priority -100; }`,
    `flush chain ${TABLE} ${hook}`,
    addRule(hook, `jump ${DISPATCH}`),
  ]),
]

/** Every packet comes by here, so this and `leaving` are there only while they have something to do. */
const REFUSING = [
  `add chain ${TABLE} refusing { type filter hook prerouting priority -101; }`,
  `flush chain ${TABLE} refusing`,
]

/**
 * The sets of removed destinations: of services with a port, of those without, and of marks. Each packet is looked up in
 * them, which costs as much as its translation: so the rules come with the first removal.
 */
const GONE = ([4, 6] as const).flatMap(family => {
  const address = family === 6 ? 'ipv6_addr' : 'ipv4_addr'
  const at = family === 6 ? 'ip6' : 'ip'
  const kinds = [
    [
      'gone',
      `${address} . inet_proto . ${address} . inet_service`,
      `ct original ${at} daddr . meta l4proto . ${at} daddr . th dport`,
    ],
    [
      'goneHost',
      `${address} . inet_proto . ${address}`,
      `ct original ${at} daddr . meta l4proto . ${at} daddr`,
    ],
    ['goneMark', `mark . ${address}`, `meta mark . ${at} daddr`],
  ] as const
  return kinds.map(([name, type, selector]) => ({
    set: `add set ${TABLE} ${name}${family} { type ${type}; flags timeout; timeout ${GONE_SECONDS}s; size ${GONE_MAX}; }`,
    rule: addRule('leaving', `meta nfproto ipv${family} ${selector} @${name}${family} jump leave`),
  }))
})
const LOOK_FOR_GONE = [
  `add chain ${TABLE} leaving { type filter hook forward priority -1; }`,
  `flush chain ${TABLE} leaving`,
  // What was not translated here, and answers, lead to no destination.
  addRule('leaving', 'ct status & dnat == 0 return'),
  addRule('leaving', 'ct direction reply return'),
  ...GONE.map(({ rule }) => rule),
]

/** What is done with a packet for that destination; one of the machine's own addresses keeps it, whatever it listens on. */
function actionOf({ key }: Service, destination: Destination, isLocal: IsLocal): string {
  const { address, port, method } = destination
  if (isRouted(destination, isLocal)) return 'return'
  const transport = key.protocol === 'fwm' ? '{ tcp, udp }' : key.protocol
  if (isLocal(address) && (method !== 'masq' || port === 0)) return 'accept'
  // What comes from outside is not delivered to a loopback address.
  if (isLoopback(address)) return `meta l4proto ${transport} redirect to :${port}`
  const target = key.family === 6 && port !== 0 ? `[${address}]` : address
  return `meta l4proto ${transport} dnat ${ip(key)} to ${target}${port === 0 ? '' : `:${port}`}`
}

function destinationRules(service: Service, destination: Destination, isLocal: IsLocal): string[] {
  const { key, persistentSeconds } = service
  const chain = destinationChain(key, destination)
  return [
    ...emptyChain(chain),
    addRule(chain, `counter comment "${destinationRecord(destination)}"`),
    ...(persistentSeconds === null
      ? []
      : [
          clientSet(TABLE, key, chain),
          addRule(chain, `update @${chain} { ${client(service)} timeout ${persistentSeconds}s }`),
        ]),
    addRule(chain, actionOf(service, destination, isLocal)),
  ]
}

function serviceRules(service: Service, isLocal: IsLocal): string[] {
  const { key, destinations, persistentSeconds } = service
  const chain = serviceChain(key)
  const name = (destination: Destination): string => destinationChain(key, destination)
  // Direct routing has tables of its own; what it leaves over is picked from here.
  const translated = destinations.filter(destination => !isRouted(destination, isLocal))
  const slots = slotsOf({ ...service, destinations: translated })
  const nobody = translated.length < destinations.length ? 'return' : 'drop'
  return [
    addRule(chain, `counter comment "${serviceRecord(service)}"`),
    ...(persistentSeconds === null ? [] : translated)
      .map(name)
      .map(set => addRule(chain, `${client(service)} @${set} goto ${set}`)),
    addRule(
      chain,
      slots.length === 0
        ? nobody
        : pick(
            service,
            slots.map(slot => `goto ${name(slot)}`),
          ),
    ),
  ]
}

/** A destination that was taken away: what still speaks to it is to be ended, or (`delete`) no longer. */
function gone(verb: 'add' | 'delete', key: ServiceKey, { address, port }: Destination): string[] {
  const set = `${isPortless(key) ? 'goneHost' : key.protocol === 'fwm' ? 'goneMark' : 'gone'}${key.family}`
  const element =
    key.protocol === 'fwm'
      ? `${key.mark} . ${address}`
      : `${key.address} . ${key.protocol} . ${address}${isPortless(key) ? '' : ` . ${port}`}`
  // Adding what is there is no error, deleting what is not there is one.
  const add = `add element ${TABLE} ${set} { ${element} }`
  return verb === 'add' ? [add] : [add, `delete element ${TABLE} ${set} { ${element} }`]
}

const named = (key: ServiceKey) => (destination: Destination) => destinationChain(key, destination)

const removedOf = (old: Service | undefined, next: Service): Destination[] => {
  const wanted = new Set(next.destinations.map(named(next.key)))
  return (old?.destinations ?? []).filter(destination => !wanted.has(named(next.key)(destination)))
}

/** What makes the chains of one service those of `next`. */
function serviceCommands(
  old: Service | undefined,
  next: Service,
  isStillUsed: (key: ServiceKey, destination: Destination) => boolean,
  isLocal: IsLocal,
): string[] {
  const { key } = next
  const name = named(key)
  const had = new Map((old?.destinations ?? []).map(destination => [name(destination), destination]))
  const removed = removedOf(old, next)
  const samePersistence = old?.persistentSeconds === next.persistentSeconds && old?.netmask === next.netmask
  const changed = next.destinations.filter(destination => {
    const before = had.get(name(destination))
    return !samePersistence || before === undefined || !sameDestination(before, destination)
  })
  const hadSets = old !== undefined && old.persistentSeconds !== null
  const setsToDelete = hadSets
    ? [...(next.persistentSeconds === null ? had.values() : removed)].map(name)
    : []
  return [
    ...emptyChain(serviceChain(key)),
    ...changed.flatMap(destination => destinationRules(next, destination, isLocal)),
    ...serviceRules(next, isLocal),
    ...removed.flatMap(destination => [
      `flush chain ${TABLE} ${name(destination)}`,
      `delete chain ${TABLE} ${name(destination)}`,
      // A neighbour of the same address that still has this server cannot be told apart by its connections.
      ...(isStillUsed(key, destination) ? [] : gone('add', key, destination)),
    ]),
    ...next.destinations
      .filter(destination => !had.has(name(destination)))
      .flatMap(destination => gone('delete', key, destination)),
    ...setsToDelete.map(set => `delete set ${TABLE} ${set}`),
  ]
}

const hostOf = (key: ServiceKey): string =>
  key.protocol === 'fwm' ? serviceId(key) : `${key.protocol}:${key.address}`

/** Whether some service of the address still has that server. Made at the first question: most edits remove nothing. */
function usedServers({ services }: Table): (key: ServiceKey, destination: Destination) => boolean {
  const place = (key: ServiceKey, { address, port }: Destination): string =>
    `${hostOf(key)} ${endpoint(address, port)}`
  let used: ReadonlySet<string> | null = null
  return (key, destination) => {
    used ??= new Set(services.flatMap(service => service.destinations.map(each => place(service.key, each))))
    return used.has(place(key, destination))
  }
}

function dispatchRules(services: readonly Service[]): string[] {
  return ([4, 6] as const).flatMap(family => {
    const keys = services.map(({ key }) => key).filter(key => key.family === family)
    const rules = dispatch(keys, `meta nfproto ipv${family} `, key => `goto ${serviceChain(key)}`)
    return rules.map(rule => addRule(DISPATCH, rule))
  })
}

/** Whether nobody is left whom a packet could be sent to. */
const isRefusing = (service: Service): boolean =>
  slotsOf(service).length === 0 && (service.persistentSeconds === null || service.destinations.length === 0)

function refusingCommands(current: readonly Service[], next: readonly Service[]): string[] {
  const rules = refusingRules(next.filter(isRefusing))
  if (rules.length > 0) return [...REFUSING, ...rules]
  return current.some(isRefusing) ? [...REFUSING, `delete chain ${TABLE} refusing`] : []
}

function refusingRules(services: readonly Service[]): string[] {
  return services.map(({ key }) => {
    const at = `ct state new ${key.family === 6 ? 'meta nfproto ipv6' : 'meta nfproto ipv4'}`
    const what =
      key.protocol === 'fwm'
        ? `meta mark ${key.mark}`
        : `${ip(key)} daddr ${key.address} meta l4proto ${key.protocol}${key.port === 0 ? '' : ` th dport ${key.port}`}`
    return addRule('refusing', `${at} ${what} reject with icmpx type port-unreachable`)
  })
}

function deletedServiceCommands({ key, destinations, persistentSeconds }: Service): string[] {
  const names = destinations.map(named(key))
  const chains = [serviceChain(key), ...names]
  return [
    ...chains.map(chain => `flush chain ${TABLE} ${chain}`),
    ...chains.map(chain => `delete chain ${TABLE} ${chain}`),
    ...(persistentSeconds === null ? [] : names.map(name => `delete set ${TABLE} ${name}`)),
  ]
}

/** The commands that turn `current`, as it is in the kernel, into `next`; '' when nothing is to be done. */
export function printTransition(current: Table, next: Table, isLocal: IsLocal): string {
  const had = new Map(current.services.map(service => [serviceId(service.key), service]))
  const wanted = new Map(next.services.map(service => [serviceId(service.key), service]))
  const changes = next.services.flatMap(service => {
    const old = had.get(serviceId(service.key))
    return old === service ? [] : [{ old, next: service }]
  })
  const deleted = current.services.filter(service => !wanted.has(serviceId(service.key)))
  if (changes.length === 0 && deleted.length === 0) return ''
  const gate = gateTransition(current, next, { changes, deleted }, isLocal)
  if (next.services.length === 0) return print([`add table ${TABLE}`, `delete table ${TABLE}`, ...gate])
  const isStillUsed = usedServers(next)
  const isSomebodyGone = changes.some(change =>
    removedOf(change.old, change.next).some(destination => !isStillUsed(change.next.key, destination)),
  )
  return print([
    ...BASE,
    ...GONE.map(({ set }) => set),
    ...(isSomebodyGone ? LOOK_FOR_GONE : []),
    ...changes.flatMap(change => serviceCommands(change.old, change.next, isStillUsed, isLocal)),
    `flush chain ${TABLE} ${DISPATCH}`,
    ...dispatchRules(next.services),
    ...refusingCommands(current.services, next.services),
    ...deleted.flatMap(deletedServiceCommands),
    ...gate,
  ])
}

const print = (lines: readonly string[]): string => `${lines.join('\n')}\n`
