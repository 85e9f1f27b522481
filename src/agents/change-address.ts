/**
 * Carries out one `ip` command of an address plan: over netlink where the kernel takes it so, else by the program. A
 * program says better why something cannot be done, so a refusal of the kernel is asked for once more there.
 */
import { ipv4Bytes } from '../base/io/native.js'
import { changeAddress } from '../base/io/netlink-socket.js'
import { isIPv4 } from '../base/ipv4.js'
import type { AddressChange } from '../base/netlink.js'
import type { AgentContext } from './agent.js'
import { ip } from './ip-command.js'

/** `-f inet addr add|del ADDRESS/PREFIX [brd ADDRESS] [label LABEL] dev NIC`; null for any other command. */
export function changeIn(
  command: readonly string[],
): (Omit<AddressChange, 'index'> & { nic: string }) | null {
  const [option, family, object, verb, place = '', ...rest] = command
  if (option !== '-f' || family !== 'inet' || object !== 'addr' || (verb !== 'add' && verb !== 'del'))
    return null
  const [address = '', prefix = ''] = place.split('/')
  const words = new Map<string, string>()
  for (let at = 0; at + 1 < rest.length; at += 2) words.set(rest[at]!, rest[at + 1]!)
  const nic = words.get('dev')
  const broadcast = words.get('brd') ?? null
  const label = words.get('label') ?? null
  const isWhole = words.size * 2 === rest.length && [...words.keys()].every(key => KEYS.has(key))
  if (!isWhole || nic === undefined || !isIPv4(address) || !/^([12]?\d|3[0-2])$/.test(prefix)) return null
  if (broadcast !== null && !isIPv4(broadcast)) return null
  return {
    change: verb === 'add' ? 'add' : 'remove',
    nic,
    label,
    address: ipv4Bytes(address),
    prefix: Number(prefix),
    broadcast: broadcast === null ? null : ipv4Bytes(broadcast),
  }
}

const KEYS = new Set(['brd', 'label', 'dev'])

/** Why it was not done, in the words of ip or of the system; null when it was. */
export async function carryOut(command: readonly string[], context: AgentContext): Promise<string | null> {
  const change = changeIn(command)
  if (change !== null && changeAddress(change.nic, change) === null) return null
  const result = await ip(command, context)
  if (result.exitCode === 0) return null
  return result.spawnError ?? (result.stderr.trim() || 'no reason given')
}
