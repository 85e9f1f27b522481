/**
 * From the media lines of ha.cf to links: which socket listens where, who is sent to, what each link is called. Pure;
 * what this machine is (its interfaces, its own addresses, whether sockets can be bound to a device) is handed in.
 *
 * The same ha.cf stands on all nodes, so it names us too: a ucast line with an address of ours is not sent to. On lo
 * every address of 127.0.0.0/8 is local, so there the caller says which are ours (`ownAddresses`), and each of them
 * becomes a link of its own: to the peers whose addresses are nearest to it.
 */
import { unreachable } from '../../base/assert.js'
import { addressesOf, broadcastOf, commonBits, isInNetwork } from './interfaces.js'
import type {
  LinkPlan,
  LinksPlan,
  LocalEnd,
  Machine,
  MediaLine,
  PlanProblem,
  UcastPlan,
} from './link-plan.js'
import { peersAmong, type Say, sayNoPeer } from './peers.js'
import { planMcast6, planSerial, planUcast6 } from './plan6.js'

type UcastLine = Extract<MediaLine, { directive: 'ucast' }>

const anyAddress = '0.0.0.0'

export function planLinks(lines: readonly MediaLine[], machine: Machine): LinksPlan {
  const problems: PlanProblem[] = []
  const say: Say = problem => problems.push(problem)
  const known = lines.filter(line => isKnownDevice(line, machine, say))
  const plans = known.flatMap(line => planOf(line, known, machine, say))
  if (
    machine.deviceBindingFault !== null &&
    plans.some(plan => plan.kind !== 'serial' && plan.device !== 'lo')
  ) {
    say({
      severity: 'warning',
      code: 'device-not-bound',
      message: `sockets are bound to addresses, not to devices: ${machine.deviceBindingFault}`,
      line: known[0]?.line ?? 0,
    })
  }
  return { plans: withDistinctNames(plans), problems }
}

function planOf(line: MediaLine, known: readonly MediaLine[], machine: Machine, say: Say): LinkPlan[] {
  switch (line.directive) {
    case 'bcast':
      return planBcast(line, machine, say)
    case 'mcast':
      return planMcast(line, machine, say)
    case 'mcast6':
      return [planMcast6(line, machine)]
    case 'serial':
      return planSerial(line, known, say)
    case 'ucast': {
      const together = ofSameLink(line, known)
      return line === together[0] ? planUcast(together, machine, isHeardBySharing(line, known), say) : []
    }
    case 'ucast6': {
      const together = ofSameLink(line, known)
      return line === together[0] ? planUcast6(together, known, machine, say) : []
    }
    default:
      return unreachable(line)
  }
}

/** The lines of the same kind, device and port: one link. */
function ofSameLink<Line extends Extract<MediaLine, { directive: 'ucast' | 'ucast6' }>>(
  line: Line,
  known: readonly MediaLine[],
): Line[] {
  return known.filter(
    (other): other is Line =>
      other.directive === line.directive && other.device === line.device && other.port === line.port,
  )
}

/** Whether a broadcast or multicast link listens at the same port of the device. */
function isHeardBySharing({ device, port }: UcastLine, known: readonly MediaLine[]): boolean {
  return known.some(
    other =>
      (other.directive === 'bcast' || other.directive === 'mcast') &&
      other.device === device &&
      other.port === port,
  )
}

function isKnownDevice({ device, directive, line }: MediaLine, machine: Machine, say: Say): boolean {
  if (directive === 'serial') return true
  if (machine.interfaces.some(({ name }) => name === device)) return true
  const names = machine.interfaces.map(({ name }) => name).join(', ')
  const message = `${directive}: there is no interface ${device} on this machine; it has ${names}`
  say({ severity: 'error', code: 'unknown-device', message, line })
  return false
}

function withDistinctNames(plans: readonly LinkPlan[]): LinkPlan[] {
  return plans.map((plan, at) => {
    const before = plans.slice(0, at).filter(({ device }) => device === plan.device).length
    return before === 0 ? plan : { ...plan, name: `${plan.device}#${before + 1}` }
  })
}

function deviceFor(device: string, machine: Machine): string | null {
  return machine.deviceBindingFault === null ? device : null
}

/** All ucast lines of one device and port. */
function planUcast(lines: readonly UcastLine[], machine: Machine, isShared: boolean, say: Say): LinkPlan[] {
  const [first] = lines
  if (!first) return []
  const { device, port } = first
  const own = ownAddressesFor(lines, machine)
  const peers = peersOf(lines, machine, say)
  const bound = deviceFor(device, machine)
  if (own.length === 0) {
    // A broadcast or multicast socket beside it listens at the port too: then each listens to its own address only.
    const address = bound === null || isShared ? addressToListenAt(lines, machine) : anyAddress
    const source: LocalEnd = { address: anyAddress, port: 0, device: bound }
    const link: UcastPlan = {
      kind: 'ucast',
      name: device,
      device,
      port,
      peers,
      listen: { address, port, device: bound },
      source,
    }
    if (peers.length === 0) sayNoPeer(first, say)
    return [link]
  }
  return own.map(address => {
    const near = peers.filter(peer => nearestOf(peer, own) === address)
    if (near.length === 0) sayNoPeer(lines.find(line => line.address === address) ?? first, say)
    const listen: LocalEnd = { address, port, device: null }
    return {
      kind: 'ucast',
      name: device,
      device,
      port,
      peers: near,
      listen,
      source: { address, port: 0, device: null },
    }
  })
}

/** Those of `ownAddresses` that these lines name; else those that lie in a network of the device. */
function ownAddressesFor(lines: readonly UcastLine[], machine: Machine): string[] {
  const named = machine.ownAddresses.filter(own => lines.some(({ address }) => address === own))
  if (named.length > 0) return named
  const networks = addressesOf(machine.interfaces, lines[0]!.device)
  return machine.ownAddresses.filter(own => networks.some(network => isInNetwork(own, network)))
}

function isOurs(address: string, machine: Machine): boolean {
  const assigned = machine.interfaces.flatMap(({ addresses }) => addresses)
  // Where the caller says which loopback addresses are ours, the others are peers, 127.0.0.1 too.
  const isAssigned = assigned.some(own => own.address === address)
  const isTold = machine.ownAddresses.length > 0 && address.startsWith('127.')
  return machine.ownAddresses.includes(address) || (isAssigned && !isTold)
}

function peersOf(lines: readonly UcastLine[], machine: Machine, say: Say): string[] {
  const named = lines.map(({ address, device, line }) => ({
    words: `ucast ${device} ${address}`,
    line,
    address,
    isOurs: isOurs(address, machine),
  }))
  return peersAmong(named, say)
}

function addressToListenAt(lines: readonly UcastLine[], machine: Machine): string {
  const assigned = addressesOf(machine.interfaces, lines[0]!.device)
  const named = assigned.find(own => lines.some(({ address }) => address === own.address))
  return (named ?? assigned[0])?.address ?? anyAddress
}

/** The first of the addresses that share the most leading bits with this one. */
function nearestOf(address: string, candidates: readonly string[]): string | undefined {
  const most = Math.max(...candidates.map(candidate => commonBits(address, candidate)))
  return candidates.find(candidate => commonBits(address, candidate) === most)
}

/** Our address on a device, for the media that go to all of a network. */
function sourceAddress(
  { device, directive, line }: MediaLine,
  machine: Machine,
  say: Say,
): { address: string; netmask: string } | null {
  const [assigned] = addressesOf(machine.interfaces, device)
  if (!assigned) {
    const message = `${directive}: interface ${device} has no IPv4 address; give it one first`
    say({ severity: 'error', code: 'no-address', message, line })
    return null
  }
  const own = machine.ownAddresses.find(address => isInNetwork(address, assigned))
  return own === undefined ? assigned : { ...assigned, address: own }
}

function planBcast(line: Extract<MediaLine, { directive: 'bcast' }>, machine: Machine, say: Say): LinkPlan[] {
  const source = sourceAddress(line, machine, say)
  if (!source) return []
  const { device, port } = line
  const broadcast = broadcastOf(source)
  const bound = deviceFor(device, machine)
  return [
    {
      kind: 'bcast',
      name: device,
      device,
      port,
      broadcast,
      listen: { address: broadcast, port, device: bound },
      source: { address: source.address, port: 0, device: bound },
    },
  ]
}

function planMcast(line: Extract<MediaLine, { directive: 'mcast' }>, machine: Machine, say: Say): LinkPlan[] {
  const source = sourceAddress(line, machine, say)
  if (!source) return []
  const { device, group, port, ttl, loop } = line
  const bound = deviceFor(device, machine)
  return [
    {
      kind: 'mcast',
      name: device,
      device,
      group,
      port,
      ttl,
      loop,
      interfaceAddress: addressesOf(machine.interfaces, device)[0]!.address,
      listen: { address: group, port, device: bound },
      source: { address: source.address, port: 0, device: bound },
    },
  ]
}
