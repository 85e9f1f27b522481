/**
 * The language of ipvsadm(8): an edit as the arguments of one call (also a line of `ipvsadm -R`), the table as
 * `ipvsadm -S -n` prints it, and the connection counts of `ipvsadm -L -n`. What a line says that we have no notion of
 * (a persistence engine, the type of a tunnel, SCTP services) is read over.
 *
 *   -A -t 10.0.0.1:80 -s wrr -p 600 -M 255.255.255.0     -a -t 10.0.0.1:80 -x 0 -y 0 -r 10.0.0.2:80 -g -w 1
 *   -A -f 8 -6 -s mh -p 10 -M 64 -b mh-port              -d -t [fd00::1]:80 -r [fd00::2]:80
 */
import { unreachable } from '../../base/assert.js'
import { canonicalAddress } from '../core/address.js'
import {
  type Destination,
  type Edit,
  endpoint,
  type ForwardMethod,
  type Service,
  type ServiceKey,
  serviceId,
  type Table,
} from '../core/table.js'
import type { DestinationCounters } from './forwarder.js'

const METHOD_FLAG: Record<ForwardMethod, string> = { gate: '-g', masq: '-m', ipip: '-i' }

function serviceArgs(key: ServiceKey): string[] {
  if (key.protocol === 'fwm') return ['-f', String(key.mark), ...(key.family === 6 ? ['-6'] : [])]
  return [key.protocol === 'tcp' ? '-t' : '-u', endpoint(key.address, key.port)]
}

function serviceOptions(service: Service): string[] {
  const { ops, scheduler, persistentSeconds, netmask, schedulerFlags } = service
  return [
    ...serviceArgs(service.key),
    ...(ops ? ['-o'] : []),
    '-s',
    scheduler,
    ...(persistentSeconds === null ? [] : ['-p', String(persistentSeconds)]),
    ...(persistentSeconds === null || netmask === null ? [] : ['-M', netmask]),
    ...(schedulerFlags === '' ? [] : ['-b', schedulerFlags]),
  ]
}

const server = (destination: Destination): string[] => ['-r', endpoint(destination.address, destination.port)]

/** Method, weight and thresholds are always written: -e resets each of them where it is left out. */
function destinationOptions(key: ServiceKey, destination: Destination): string[] {
  const { upper, lower, method, weight } = destination
  return [
    ...serviceArgs(key),
    '-x',
    String(upper),
    '-y',
    String(lower),
    ...server(destination),
    METHOD_FLAG[method],
    '-w',
    String(weight),
  ]
}

/** The arguments of the one ipvsadm call that makes this edit. */
export function printEdit(edit: Edit): string[] {
  switch (edit.kind) {
    case 'addService':
      return ['-A', ...serviceOptions(edit.service)]
    case 'editService':
      return ['-E', ...serviceOptions(edit.service)]
    case 'deleteService':
      return ['-D', ...serviceArgs(edit.key)]
    case 'addDestination':
      return ['-a', ...destinationOptions(edit.key, edit.destination)]
    case 'editDestination':
      return ['-e', ...destinationOptions(edit.key, edit.destination)]
    case 'deleteDestination':
      return ['-d', ...serviceArgs(edit.key), ...server(edit.destination)]
    default:
      return unreachable(edit)
  }
}

function parseEndpoint(text: string): { address: string; port: number; family: 4 | 6 } | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d+)$/i.exec(text)
  if (!match) return null
  const family = match[1] === undefined ? 4 : 6
  return { address: canonicalAddress(match[1] ?? match[2]!), port: Number(match[3]), family }
}

/** Options with a value; all others stand alone. */
const VALUED = new Set(['-t', '-u', '-f', '-s', '-p', '-M', '-b', '-r', '-w', '-x', '-y', '--pe'])

function options(words: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let index = 1; index < words.length; index++) {
    const word = words[index]!
    if (VALUED.has(word)) found.set(word, words[++index] ?? '')
    else found.set(word, '')
  }
  return found
}

function parseKey(found: ReadonlyMap<string, string>): ServiceKey | null {
  const mark = found.get('-f')
  if (mark !== undefined) return { protocol: 'fwm', family: found.has('-6') ? 6 : 4, mark: Number(mark) }
  const protocol = found.has('-t') ? 'tcp' : 'udp'
  const place = parseEndpoint(found.get('-t') ?? found.get('-u') ?? '')
  return place && { protocol, ...place }
}

function parseDestination(found: ReadonlyMap<string, string>): Destination | null {
  const place = parseEndpoint(found.get('-r') ?? '')
  if (place === null) return null
  return {
    address: place.address,
    port: place.port,
    method: found.has('-m') ? 'masq' : found.has('-i') ? 'ipip' : 'gate',
    weight: Number(found.get('-w') ?? 1),
    upper: Number(found.get('-x') ?? 0),
    lower: Number(found.get('-y') ?? 0),
  }
}

/** The table from the output of `ipvsadm -S -n`. */
export function parseSaved(text: string): Table {
  const services = new Map<string, Service & { destinations: Destination[] }>()
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/)
    const found = options(words)
    const key = parseKey(found)
    if (key === null) continue
    if (words[0] === '-A') {
      const persistent = found.get('-p')
      services.set(serviceId(key), {
        key,
        scheduler: found.get('-s') ?? 'wlc',
        persistentSeconds: persistent === undefined ? null : Number(persistent),
        netmask: found.get('-M') ?? null,
        schedulerFlags: (found.get('-b') ?? '').split(',').sort().join(','),
        ops: found.has('-o'),
        destinations: [],
      })
    } else if (words[0] === '-a') {
      const destination = parseDestination(found)
      if (destination !== null) services.get(serviceId(key))?.destinations.push(destination)
    }
  }
  return { services: [...services.values()] }
}

interface Listed {
  readonly key: ServiceKey
  readonly address: string
  readonly port: number
  /** The columns behind the address. */
  readonly columns: readonly string[]
}

/** The destinations of any listing of `ipvsadm -L -n`. */
function listedDestinations(text: string): Listed[] {
  const listed: Listed[] = []
  let key: ServiceKey | null = null
  for (const line of text.split('\n')) {
    const [first, second = '', third, ...rest] = line.trim().split(/\s+/)
    if (first === 'TCP' || first === 'UDP') {
      const place = parseEndpoint(second)
      key = place && { protocol: first === 'TCP' ? 'tcp' : 'udp', ...place }
    } else if (first === 'FWM') {
      key = { protocol: 'fwm', family: third === 'IPv6' ? 6 : 4, mark: Number(second) }
    } else if (first === '->' && key !== null) {
      const place = parseEndpoint(second)
      if (place === null) continue
      listed.push({ key, address: place.address, port: place.port, columns: [third ?? '', ...rest] })
    } else if (!line.startsWith(' ')) key = null
  }
  return listed
}

/** The counts from the output of `ipvsadm -L -n`. */
export function parseCounters(text: string): DestinationCounters[] {
  return listedDestinations(text).map(({ key, address, port, columns }) => ({
    key,
    address,
    port,
    activeConnections: Number(columns[2] ?? 0),
    inactiveConnections: Number(columns[3] ?? 0),
  }))
}

/** The table with what `ipvsadm -L -n --thresholds` says; ipvsadm 1.31 does not save thresholds. */
export function withThresholds(table: Table, text: string): Table {
  const place = (key: ServiceKey, address: string, port: number): string =>
    `${serviceId(key)} ${endpoint(address, port)}`
  const limits = new Map(
    listedDestinations(text).map(({ key, address, port, columns }) => [
      place(key, address, port),
      { upper: Number(columns[0] ?? 0), lower: Number(columns[1] ?? 0) },
    ]),
  )
  return {
    services: table.services.map(service => ({
      ...service,
      destinations: service.destinations.map(destination => ({
        ...destination,
        ...limits.get(place(service.key, destination.address, destination.port)),
      })),
    })),
  }
}
