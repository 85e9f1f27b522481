/**
 * IPaddr2's decisions: from the argument and the facts of the machine to the `ip` commands, in order. What the
 * original does was measured on resource-agents 4.12: the interface is that of the network the address lies in,
 * the broadcast address that of its neighbours, and asking twice changes nothing.
 */

import { inSameNetwork, isLoopback } from '../base/ipv4.js'
import type { AddressArgument } from './address-argument.js'
import { EXIT } from './agent.js'
import type { HostAddress, HostFacts } from './host-facts.js'

/** Words of one `ip` command, without the leading `ip`. */
export type IpCommand = readonly string[]

/** Which of the two original agents is meant: they label addresses and name failures differently. */
export type AddressKind = 'IPaddr' | 'IPaddr2'

export type AddressPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refuse'; readonly exitCode: number; readonly because: string }
  | {
      readonly kind: 'run'
      readonly commands: readonly IpCommand[]
      readonly nic: string
      readonly notes: string[]
    }

/**
 * Where the address is now. An address that a real server keeps on lo, so as to accept packets of a director,
 * is not the service address being up.
 */
export function findAddress(argument: AddressArgument, facts: HostFacts): HostAddress | undefined {
  return facts.addresses.find(
    found =>
      found.address === argument.address &&
      (argument.nic === null || found.nic === argument.nic) &&
      (found.nic !== 'lo' || isLoopback(argument.address)),
  )
}

/** The network that an address lies in: by addresses of the machine first, then by routes; longest prefix wins. */
function networkOf(argument: AddressArgument, facts: HostFacts): { nic: string; prefix: number } | null {
  const near = [
    ...facts.addresses.filter(at => at.address !== argument.address && at.prefix < 32),
    ...facts.routes.map(route => ({ ...route, address: route.network })),
  ].filter(
    at =>
      inSameNetwork(at.address, argument.address, at.prefix) &&
      at.prefix > 0 &&
      (argument.nic === null || at.nic === argument.nic),
  )
  const best = near.reduce<(typeof near)[number] | null>(
    (longest, at) => (longest === null || at.prefix > longest.prefix ? at : longest),
    null,
  )
  return best && { nic: best.nic, prefix: best.prefix }
}

function broadcastOf(
  argument: AddressArgument,
  nic: string,
  prefix: number,
  facts: HostFacts,
): string | null {
  if (argument.broadcast !== null) return argument.broadcast
  const neighbour = facts.addresses.find(
    at => at.nic === nic && at.prefix === prefix && inSameNetwork(at.address, argument.address, prefix),
  )
  return neighbour?.broadcast ?? null
}

/** The original's IPaddr takes the first free alias of the interface, whatever the argument says. */
function labelOf(argument: AddressArgument, nic: string, facts: HostFacts, kind: AddressKind): string | null {
  if (kind === 'IPaddr2') return argument.label === null ? null : `${nic}:${argument.label}`
  const taken = new Set(facts.addresses.map(at => at.label))
  let alias = 0
  while (taken.has(`${nic}:${alias}`)) alias++
  return `${nic}:${alias}`
}

export function planStart(
  argument: AddressArgument,
  facts: HostFacts,
  kind: AddressKind = 'IPaddr2',
): AddressPlan {
  if (findAddress(argument, facts)) return { kind: 'nothing' }
  if (argument.nic !== null && !facts.nics.includes(argument.nic)) {
    const exitCode = kind === 'IPaddr' ? EXIT.generic : EXIT.configured
    return { kind: 'refuse', exitCode, because: `there is no interface ${argument.nic}` }
  }
  const network = networkOf(argument, facts)
  const nic = argument.nic ?? network?.nic
  const prefix = argument.prefix ?? network?.prefix
  if (nic === undefined || prefix === undefined) {
    const because =
      nic === undefined
        ? `no interface of this machine has an address in the network of ${argument.address}: name one, as in ${argument.address}/24/eth0`
        : `no address on ${nic} tells the prefix length of ${argument.address}: name it, as in ${argument.address}/24/${nic}`
    return { kind: 'refuse', exitCode: EXIT.generic, because }
  }
  const broadcast = broadcastOf(argument, nic, prefix, facts)
  const label = labelOf(argument, nic, facts, kind)
  if (label !== null && label.length > 15) {
    return {
      kind: 'refuse',
      exitCode: EXIT.configured,
      because: `the label ${label} is longer than 15 characters`,
    }
  }
  const add = ['-f', 'inet', 'addr', 'add', `${argument.address}/${prefix}`]
  if (broadcast !== null) add.push('brd', broadcast)
  if (label !== null) add.push('label', label)
  add.push('dev', nic)
  const onLo = facts.addresses.filter(at => at.nic === 'lo' && at.address === argument.address)
  const where = `device ${nic}${label === null ? '' : ` (with label ${label})`}`
  const with_ = broadcast === null ? '' : ` with broadcast address ${broadcast}`
  return {
    kind: 'run',
    nic,
    commands: [
      ...onLo.map(at => ['-f', 'inet', 'addr', 'del', `${at.address}/${at.prefix}`, 'dev', 'lo']),
      add,
      ...(facts.nicsUp?.includes(nic) ? [] : [['link', 'set', nic, 'up']]),
    ],
    notes: [
      `Adding inet address ${argument.address}/${prefix}${with_} to ${where}`,
      `Bringing device ${nic} up`,
    ],
  }
}

export function planStop(argument: AddressArgument, facts: HostFacts): AddressPlan {
  const found = findAddress(argument, facts)
  if (!found) return { kind: 'nothing' }
  return {
    kind: 'run',
    nic: found.nic,
    commands: [['-f', 'inet', 'addr', 'del', `${found.address}/${found.prefix}`, 'dev', found.nic]],
    notes: ['IP status = ok, IP_CIP='],
  }
}
