/** The network interfaces of this machine, and the arithmetic of IPv4 addresses that links need. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

export interface Network {
  readonly address: string
  readonly netmask: string
}

export interface Interface {
  readonly name: string
  /** IPv4, while it is up. */
  readonly addresses: readonly Network[]
}

/** All interfaces of this network namespace, also those without an address. */
export function readInterfaces(): Interface[] {
  const assigned = Object.entries(networkInterfaces()).flatMap(([label, addresses]) =>
    // An address with a label, as IPaddr2 sets it, is listed under eth0:0.
    (addresses ?? []).map(address => ({ device: label.split(':')[0]!, ...address })),
  )
  const names = new Set([...deviceNames(), ...assigned.map(({ device }) => device)])
  return [...names].map(name => ({
    name,
    addresses: assigned
      .filter(({ device, family }) => device === name && family === 'IPv4')
      .map(({ address, netmask }) => ({ address, netmask })),
  }))
}

/** /proc/net/dev: two lines of headings, then `name: counters`. */
function deviceNames(): string[] {
  try {
    const lines = readFileSync('/proc/net/dev', 'latin1').split('\n').slice(2)
    return lines.flatMap(line => /^\s*([^\s:]+):/.exec(line)?.[1] ?? [])
  } catch {
    return [] // no /proc: the interfaces with addresses remain
  }
}

export function addressesOf(interfaces: readonly Interface[], device: string): readonly Network[] {
  return interfaces.find(({ name }) => name === device)?.addresses ?? []
}

const numberOf = (address: string): number =>
  address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)

const textOf = (number: number): string => [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')

export function isInNetwork(address: string, network: Network): boolean {
  const mask = numberOf(network.netmask)
  return ((numberOf(address) ^ numberOf(network.address)) & mask) === 0
}

export function broadcastOf({ address, netmask }: Network): string {
  return textOf(numberOf(address) | ~numberOf(netmask))
}

/** How many leading bits two addresses share. */
export function commonBits(a: string, b: string): number {
  return Math.clz32(numberOf(a) ^ numberOf(b))
}
