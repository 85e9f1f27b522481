/**
 * The network interfaces of this machine, and the arithmetic of addresses that links need.
 *
 * Asked of ip(8), because Node lists only interfaces whose cable is plugged in: a node that starts alone, its cross
 * cable leading to a machine without power, must know its own addresses all the same.
 */
import { networkInterfaces } from 'node:os'
import { runCommand } from '../../base/io/run-command.js'
import { toNumber } from '../../base/ipv4.js'

export interface Network {
  readonly address: string
  readonly netmask: string
}

export interface Interface {
  readonly name: string
  /** IPv4. */
  readonly addresses: readonly Network[]
  /** IPv6, without zones. */
  readonly addresses6: readonly string[]
}

const askMs = 5_000

/** All interfaces of this network namespace; where there is no ip(8), those that are up. */
export async function readInterfaces(): Promise<Interface[]> {
  for (const program of ['ip', '/sbin/ip', '/usr/sbin/ip']) {
    const { exitCode, stdout } = await runCommand(program, ['-json', 'address', 'show'], {
      timeoutMs: askMs,
      outputBytesMax: 4 * 1024 * 1024,
    })
    const interfaces = exitCode === 0 ? parseIpAddressShow(stdout) : null
    if (interfaces) return interfaces
  }
  return interfacesThatAreUp()
}

/** `ip -json address show`; null when the text is something else (an ip(8) without -json). */
export function parseIpAddressShow(text: string): Interface[] | null {
  let shown: unknown
  try {
    shown = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(shown)) return null
  return shown.flatMap(entry => {
    if (typeof entry?.ifname !== 'string') return []
    const infos: unknown[] = Array.isArray(entry.addr_info) ? entry.addr_info : []
    const addresses6 = infos.flatMap(info => address6Of(info) ?? [])
    return { name: entry.ifname, addresses: infos.flatMap(info => networkOf(info) ?? []), addresses6 }
  })
}

function networkOf(info: unknown): Network | null {
  const { family, local, prefixlen } = info as Record<string, unknown>
  if (family !== 'inet' || typeof local !== 'string' || typeof prefixlen !== 'number') return null
  return { address: local, netmask: textOf(prefixlen === 0 ? 0 : -1 << (32 - prefixlen)) }
}

function address6Of(info: unknown): string | null {
  const { family, local } = info as Record<string, unknown>
  return family === 'inet6' && typeof local === 'string' ? local : null
}

function interfacesThatAreUp(): Interface[] {
  const found = new Map<string, { addresses: Network[]; addresses6: string[] }>()
  for (const [label, infos] of Object.entries(networkInterfaces())) {
    // An address with a label, as IPaddr2 sets it, is listed under eth0:0.
    const name = label.split(':')[0]!
    const entry = found.get(name) ?? { addresses: [], addresses6: [] }
    found.set(name, entry)
    for (const { family, address, netmask } of infos ?? []) {
      if (family === 'IPv4') entry.addresses.push({ address, netmask })
      else entry.addresses6.push(address)
    }
  }
  return [...found].map(([name, entry]) => ({ name, ...entry }))
}

export function addressesOf(interfaces: readonly Interface[], device: string): readonly Network[] {
  return interfaces.find(({ name }) => name === device)?.addresses ?? []
}

export function addresses6Of(interfaces: readonly Interface[], device: string): readonly string[] {
  return interfaces.find(({ name }) => name === device)?.addresses6 ?? []
}

const textOf = (number: number): string => [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')

export function isInNetwork(address: string, network: Network): boolean {
  const mask = toNumber(network.netmask)
  return ((toNumber(address) ^ toNumber(network.address)) & mask) === 0
}

export function broadcastOf({ address, netmask }: Network): string {
  return textOf(toNumber(address) | ~toNumber(netmask))
}

/** How many leading bits two addresses share. */
export function commonBits(a: string, b: string): number {
  return Math.clz32(toNumber(a) ^ toNumber(b))
}
