/**
 * Media: the ways heartbeats travel (ucast, bcast, mcast, serial, ...) and the ping hosts, as ha.cf lists them. The
 * argument forms refuse what heartbeat 3.0.6 refuses, in its order and with its messages.
 */
import type { ArgForm, Refusal } from '../../syntax/directive.js'
import { isIPv4Multicast, isIPv6, isIPv6Multicast } from './addresses.js'
import type { Place } from './lines.js'

export interface UnicastMedium {
  readonly kind: 'ucast' | 'ucast6'
  readonly device: string
  /** ucast: an address or host name; ucast6: an address. */
  readonly address: string
}

export interface MulticastMedium {
  readonly kind: 'mcast' | 'mcast6'
  readonly device: string
  readonly group: string
  readonly port: number
  /** Hops for mcast6. */
  readonly ttl: number
  readonly loop: boolean
}

/** What one media line says by itself. */
export type MediumText =
  | UnicastMedium
  | MulticastMedium
  | { readonly kind: 'bcast'; readonly device: string }
  | { readonly kind: 'serial'; readonly device: string }
  | { readonly kind: 'ping' | 'ping6'; readonly host: string }
  | { readonly kind: 'ping_group'; readonly name: string; readonly hosts: readonly string[] }

/** A medium as the parser hands it on. */
export type Medium = MediumText & {
  readonly place: Place
  /** The udpport that holds for ucast, ucast6 and bcast: the one in force where the first medium of the kind stands. */
  readonly udpport: number
  /** The baud rate that holds for serial. */
  readonly baud: number
}

const PING_KINDS: ReadonlySet<Medium['kind']> = new Set(['ping', 'ping6', 'ping_group'])

/** The node that a line stands for, where it asks a host instead of carrying heartbeats. */
export function pingNodeName(medium: MediumText): string | null {
  if (medium.kind === 'ping' || medium.kind === 'ping6') return medium.host.toLowerCase()
  return medium.kind === 'ping_group' ? medium.name.toLowerCase() : null
}

export function isPing(medium: MediumText): boolean {
  return PING_KINDS.has(medium.kind)
}

const words = (text: string): { text: string; offset: number }[] =>
  [...text.matchAll(/\S+/g)].map(match => ({ text: match[0], offset: match.index }))

const tooMany = (said: string, read: string): { doubt: string } | Record<string, never> =>
  said.length > read.length ? { doubt: `is read as "${read}"; the rest is ignored` } : {}

export function unicast(kind: 'ucast' | 'ucast6'): ArgForm<UnicastMedium> {
  const wanted =
    kind === 'ucast' ? 'a device and an address, such as "eth1 10.0.0.2"' : 'a device and an IPv6 address'
  return {
    form: 'DEV ADDR',
    parse: text => {
      const [device, address] = words(text)
      if (!device) return { wanted, found: 'nothing' }
      if (!address) {
        const original =
          kind === 'ucast'
            ? `ucast: [${device.text}] missing target IP address/hostname`
            : `ucast6 [${device.text}] missing ucast6 address`
        return {
          wanted,
          original,
          ...(text.includes(',') ? { help: 'separate device and address by a blank' } : {}),
        }
      }
      if (kind === 'ucast6' && !isIPv6(address.text)) {
        return { ...refused(address, wanted), original: `ucast6 [${device.text}] bad addr [${address.text}]` }
      }
      const read = text.slice(0, address.offset + address.text.length)
      return { value: { kind, device: device.text, address: address.text }, ...tooMany(text, read) }
    },
  }
}

const refused = (word: { text: string; offset: number }, wanted: string): Refusal => ({
  wanted,
  found: `"${word.text}"`,
  at: { offset: word.offset, length: word.text.length },
})

const leadingNumber = (text: string): number => Number.parseInt(text, 10) || 0

export function multicast(kind: 'mcast' | 'mcast6'): ArgForm<MulticastMedium> {
  const example = kind === 'mcast' ? 'eth1 225.0.0.1 694 1 0' : 'eth1 ff02::694 694 1 0'
  const whole = `device, group, port, TTL and loop, such as "${example}"`
  const isGroup = kind === 'mcast' ? isIPv4Multicast : isIPv6Multicast
  const names = [`${kind} address`, 'port', 'ttl', 'loop']
  return {
    form: 'DEV GROUP PORT TTL LOOP',
    parse: text => {
      const [device, group, port, ttl, loop] = words(text)
      if (!device) return { wanted: whole, found: 'nothing' }
      if (!group || !port || !ttl || !loop) {
        const missing = names[[group, port, ttl, loop].indexOf(undefined)]
        return { wanted: whole, original: `${kind} [${device.text}] missing ${missing}` }
      }
      const bad = (what: string, found: string | number): string =>
        `${kind} [${device.text}] bad ${what} [${found}]`
      if (!isGroup(group.text)) {
        const range = kind === 'mcast' ? '224.0.0.0 to 239.255.255.255' : 'ff00::/8'
        return { ...refused(group, `a group address in ${range}`), original: bad('addr', group.text) }
      }
      const portNumber = leadingNumber(port.text)
      if (portNumber < 1 || portNumber > 65_535) {
        return { ...refused(port, 'a port from 1 to 65535'), original: bad('port', portNumber) }
      }
      // The original keeps the TTL in one byte, so 256 is read as 0 and -1 as 255.
      const ttlNumber = leadingNumber(ttl.text) & 0xff
      if (ttlNumber > 4) return { ...refused(ttl, 'a TTL from 0 to 4'), original: bad('ttl', ttlNumber) }
      const loopNumber = leadingNumber(loop.text)
      if (loopNumber !== 0 && loopNumber !== 1) {
        return { ...refused(loop, '0 or 1 for loop'), original: bad('loop', loopNumber) }
      }
      const read = text.slice(0, loop.offset + loop.text.length)
      const clean = [port, ttl, loop].every(word => /^\d+$/.test(word.text)) && ttl.text === String(ttlNumber)
      const value: MulticastMedium = {
        kind,
        device: device.text,
        group: group.text,
        port: portNumber,
        ttl: ttlNumber,
        loop: loopNumber === 1,
      }
      if (!clean)
        return { value, doubt: `is read as port ${portNumber}, TTL ${ttlNumber}, loop ${loopNumber}` }
      return { value, ...tooMany(text, read) }
    },
  }
}

export const broadcast: ArgForm<MediumText> = {
  form: 'DEV ...',
  parse: device => ({ value: { kind: 'bcast', device } }),
}

export const serialLine: ArgForm<MediumText> = {
  form: 'TTY ...',
  parse: device => ({ value: { kind: 'serial', device } }),
}

export function pingHost(kind: 'ping' | 'ping6'): ArgForm<MediumText> {
  return { form: 'HOST ...', parse: host => ({ value: { kind, host } }) }
}

export const pingGroup: ArgForm<MediumText> = {
  form: 'NAME HOST ...',
  parse: text => {
    const [name, ...hosts] = words(text)
    if (!name || hosts.length === 0)
      return { wanted: 'a name and at least one host, such as "group1 10.0.0.254"' }
    const comma = hosts.find(host => host.text.includes(','))
    const value: MediumText = { kind: 'ping_group', name: name.text, hosts: hosts.map(host => host.text) }
    return comma
      ? { value, doubt: `takes "${comma.text}" as one host name: separate hosts by blanks` }
      : { value }
  },
}
