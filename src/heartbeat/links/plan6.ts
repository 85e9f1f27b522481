/**
 * The IPv6 media and the serial lines of {@link planLinks}. Sockets are bound to their device, as the original's are, and
 * listen at all of its addresses: a link-local address may still be in doubt (duplicate address detection) when the
 * daemon starts. Without device binding they listen at the machine's port and tell links apart by their peers.
 */
import { SocketAddress } from 'node:net'
import { addresses6Of } from './interfaces.js'
import type { Machine, Mcast6Plan, MediaLine, SerialPlan, Ucast6Plan } from './link-plan.js'
import { type NamedAddress, peersAmong, type Say, sayNoPeer } from './peers.js'

type Line<Kind extends MediaLine['directive']> = Extract<MediaLine, { directive: Kind }>

const anyAddress = '::'

/** As the system writes it. */
const canonical = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address

/** fe80::/10 and multicast groups of interface or link scope: they mean nothing without their interface. */
const needsZone = (address: string): boolean => /^fe[89ab]|^ff.[12]:/i.test(address)

/** All ucast6 lines of one device and port. */
export function planUcast6(
  lines: readonly Line<'ucast6'>[],
  known: readonly MediaLine[],
  machine: Machine,
  say: Say,
): Ucast6Plan[] {
  const [first] = lines
  if (!first) return []
  const { device, port } = first
  const peers = peersOf(lines, machine, say)
  if (peers === null) return []
  if (peers.length === 0) sayNoPeer(first, say)
  const bound = machine.deviceBindingFault === null ? device : null
  const isShared = known.some(
    other =>
      other.directive === 'mcast6' && other.port === port && (bound === null || other.device === device),
  )
  const listen = { address: anyAddress, port, device: bound }
  const source = { address: anyAddress, port: 0, device: bound }
  return [{ kind: 'ucast6', name: device, device, port, peers, isShared, listen, source }]
}

/** null: a line is wrong, which was said. */
function peersOf(lines: readonly Line<'ucast6'>[], machine: Machine, say: Say): string[] | null {
  const named: NamedAddress[] = []
  for (const { device, address: text, line } of lines) {
    const [bare = '', zone] = text.split('%', 2)
    const words = `ucast6 ${device} ${text}`
    if (zone !== undefined && zone !== device) {
      const message = `${words}: the address is of interface ${zone}: write the same interface twice`
      say({ severity: 'error', code: 'zone-differs', message, line })
      return null
    }
    const address = needsZone(bare) ? `${canonical(bare)}%${device}` : canonical(bare)
    named.push({ words, line, address, isOurs: isOurs(canonical(bare), device, machine) })
  }
  return peersAmong(named, say)
}

function isOurs(address: string, device: string, machine: Machine): boolean {
  const where = needsZone(address) ? [device] : machine.interfaces.map(({ name }) => name)
  return where.some(name => addresses6Of(machine.interfaces, name).some(own => canonical(own) === address))
}

export function planMcast6(line: Line<'mcast6'>, machine: Machine): Mcast6Plan {
  const { device, port, ttl, loop } = line
  const bare = canonical(line.group.split('%', 1)[0]!)
  const group = needsZone(bare) ? `${bare}%${device}` : bare
  const bound = machine.deviceBindingFault === null ? device : null
  const listen = { address: group, port, device: bound }
  const source = { address: anyAddress, port: 0, device: bound }
  return { kind: 'mcast6', name: device, device, group, port, ttl, loop, listen, source }
}

/** Each terminal once: two links would take each other's bytes. */
export function planSerial(line: Line<'serial'>, known: readonly MediaLine[], say: Say): SerialPlan[] {
  const { device, baud } = line
  const first = known.find(other => other.directive === 'serial' && other.device === device)
  if (first !== line) {
    const message = `serial ${device} is given twice: used once`
    say({ severity: 'warning', code: 'given-twice', message, line: line.line })
    return []
  }
  return [{ kind: 'serial', name: device, device, baud }]
}
