/**
 * What the pieces of our nftables table are called, and the two records that stand in it as comments: one a service, one
 * a destination. The records say what was asked for (nftables has no weights and no wlc), so that the table in the kernel
 * is the only state, and another process, or the next one, can read it back.
 */
import {
  type Destination,
  type ForwardMethod,
  type Service,
  type ServiceKey,
  serviceId,
} from '../../core/table.js'

/** The table that is ours; every other one belongs to somebody else. */
export const TABLE = 'inet systole'

/** Chains that are no service's. */
export const DISPATCH = 'dispatch'

/** nft takes letters, digits and `/ - _ .` in a name. */
export const spelled = (address: string): string => address.replaceAll(':', '_')

/** `tcp_10.0.0.1_80`, `fwm6_8`: the chain of a service. */
export function serviceChain(key: ServiceKey): string {
  if (key.protocol === 'fwm') return serviceId(key).replace(':', '_')
  return `${key.protocol}_${spelled(key.address)}_${key.port}`
}

/** The chain of a destination, and of the same name its set of persistent clients. */
export function destinationChain(key: ServiceKey, { address, port }: Destination): string {
  return `${serviceChain(key)}/${spelled(address)}_${port}`
}

/** `tcp 10.0.0.1 80 wrr 600 255.255.255.0 - -`: key, scheduler, persistence, netmask, flags, one-packet. */
export function serviceRecord({ key, ...service }: Service): string {
  const subject =
    key.protocol === 'fwm' ? ['fwm', key.family, key.mark] : [key.protocol, key.address, key.port]
  const { scheduler, persistentSeconds, netmask, schedulerFlags, ops } = service
  const rest = [scheduler, persistentSeconds ?? '-', netmask ?? '-', schedulerFlags || '-', ops ? 'ops' : '-']
  return [...subject, ...rest].join(' ')
}

/** null: no record of ours. */
export function serviceOfRecord(text: string): Service | null {
  const [protocol, subject, number, scheduler, seconds, netmask, flags, ops, ...more] = text.split(' ')
  if (ops === undefined || more.length > 0 || !/^\d+$/.test(number!)) return null
  const key = keyOf(protocol!, subject!, Number(number))
  if (key === null || !/^(-|\d+)$/.test(seconds!)) return null
  return {
    key,
    scheduler: scheduler!,
    persistentSeconds: seconds === '-' ? null : Number(seconds),
    netmask: netmask === '-' ? null : netmask!,
    schedulerFlags: flags === '-' ? '' : flags!,
    ops: ops === 'ops',
    destinations: [],
  }
}

function keyOf(protocol: string, subject: string, number: number): ServiceKey | null {
  if (protocol === 'fwm') return { protocol, family: subject === '6' ? 6 : 4, mark: number }
  if (protocol !== 'tcp' && protocol !== 'udp') return null
  return { protocol, family: subject.includes(':') ? 6 : 4, address: subject, port: number }
}

/** `10.0.1.21 80 masq 3 0 0`: address, port, method, weight, upper and lower threshold. */
export function destinationRecord(destination: Destination): string {
  const { address, port, method, weight, upper, lower } = destination
  return [address, port, method, weight, upper, lower].join(' ')
}

export function destinationOfRecord(text: string): Destination | null {
  const match = /^(\S+) (\d+) (gate|masq|ipip) (\d+) (\d+) (\d+)$/.exec(text)
  if (match === null) return null
  const [, address, port, method, ...numbers] = match
  const [weight, upper, lower] = numbers.map(Number)
  return {
    address: address!,
    port: Number(port),
    method: method as ForwardMethod,
    weight: weight!,
    upper: upper!,
    lower: lower!,
  }
}
