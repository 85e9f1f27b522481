/** Directives about nodes and media. All but udpport and baud may be given again and add up. */

import type { ArgForm } from '../../../syntax/directive.js'
import { directive } from '../../../syntax/directive.js'
import { text } from '../arg-forms.js'
import { broadcast, multicast, pingGroup, pingHost, serialLine, unicast } from '../media.js'

/** The original's getservbyport finds other names; these are the ones that are met in practice. */
const udpPort: ArgForm<number> = {
  form: 'PORT',
  parse: said => {
    const number = Number(/^\d{1,15}/.exec(said)?.[0] ?? 0)
    if (number === 0) return { wanted: 'a port number from 1 to 65535' }
    const port = number & 0xffff
    if (port === 0) return { wanted: 'a port number from 1 to 65535' }
    return String(port) === said ? { value: port } : { value: port, doubt: `is read as ${port}` }
  },
}

const BAUD_RATES = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800]

const baudRate: ArgForm<number> = {
  form: 'RATE',
  parse: said => {
    const value = BAUD_RATES.find(rate => String(rate) === said)
    return value === undefined ? { wanted: `one of ${BAUD_RATES.join(', ')}` } : { value }
  },
}

const medium = { default: null, repeat: 'accumulates' } as const

/** A medium that Debian's heartbeat does not have either. */
const absent = (summary: string) =>
  directive({ ...medium, arg: text('...'), takes: 'line', summary, support: 'refused' })

export const linkSettings = {
  udpport: directive({
    arg: udpPort,
    default: 694,
    repeat: 'last-wins',
    range: '1-65535',
    summary: 'UDP port of ucast, ucast6 and bcast; must stand before them',
    original: said => `heartbeat: invalid port [${said}] specified.`,
    support: 'acts',
  }),
  baud: directive({
    arg: baudRate,
    default: 19_200,
    repeat: 'once',
    originalTwice: 'heartbeat: Baudrate multiply specified.',
    range: BAUD_RATES.join(', '),
    summary: 'speed of serial lines; must stand before them',
    original: said => `heartbeat: invalid baudrate [${said}] specified.`,
    support: 'acts',
  }),
}

export const linkDirectives = {
  node: directive({
    ...medium,
    arg: text('NAME ...'),
    summary: 'the nodes of the cluster, named as `uname -n` says; lower-cased; our own must be among them',
    support: 'acts',
  }),
  ucast: directive({
    ...medium,
    arg: unicast('ucast'),
    takes: 'line',
    summary:
      'send heartbeats to one address; a line with our own address is harmless, so files can be the same',
    support: 'acts',
  }),
  bcast: directive({ ...medium, arg: broadcast, summary: 'send heartbeats as broadcast', support: 'acts' }),
  udp: directive({ ...medium, arg: broadcast, summary: 'old name of bcast', support: 'acts' }),
  mcast: directive({
    ...medium,
    arg: multicast('mcast'),
    takes: 'line',
    range: 'GROUP class D, PORT 1-65535, TTL 0-4, LOOP 0 or 1',
    summary: 'send heartbeats as multicast',
    support: 'acts',
  }),
  ucast6: directive({
    ...medium,
    arg: unicast('ucast6'),
    takes: 'line',
    summary: 'send heartbeats to one IPv6 address',
    support: 'acts',
  }),
  mcast6: directive({
    ...medium,
    arg: multicast('mcast6'),
    takes: 'line',
    range: 'GROUP in ff00::/8, PORT 1-65535, TTL 0-4, LOOP 0 or 1',
    summary: 'send heartbeats as IPv6 multicast',
    support: 'acts',
  }),
  serial: directive({
    ...medium,
    arg: serialLine,
    summary: 'send heartbeats over a serial line',
    support: 'acts',
  }),
  ping: directive({
    ...medium,
    arg: pingHost('ping'),
    summary: 'hosts outside the cluster that tell whether this node is connected',
    support: 'acts',
  }),
  ping6: directive({ ...medium, arg: pingHost('ping6'), summary: 'the same over IPv6', support: 'acts' }),
  ping_group: directive({
    ...medium,
    arg: pingGroup,
    takes: 'line',
    summary: 'hosts outside the cluster that count as one: up when any of them answers',
    support: 'acts',
  }),
  hbaping: absent('ping over Fibre Channel'),
  rds: absent('reliable datagram sockets'),
  tipc: absent('TIPC links'),
  normalpoll: absent('poll setting of old versions'),
}
