/** Directives about time, membership and the protocol. */

import type { ArgForm } from '../../../syntax/directive.js'
import { directive } from '../../../syntax/directive.js'
import { booleanOf, integer, oneOf, onOff, text, time } from '../arg-forms.js'

export type AutoFailback = 'on' | 'off' | 'legacy'

const autoFailback: ArgForm<AutoFailback> = {
  form: 'on|off|legacy',
  parse: said => {
    if (said.toLowerCase() === 'legacy') return { value: 'legacy' }
    const value = booleanOf(said)
    return value === null ? { wanted: '"on", "off" or "legacy"' } : { value: value ? 'on' : 'off' }
  },
}

/** The original has a second module, which nobody here can read: better no start than messages that are lost. */
const compressionModule: ArgForm<'zlib'> = {
  form: 'zlib',
  parse: said => {
    if (said === 'zlib') return { value: said }
    if (said !== 'bz2') return { wanted: '"zlib"', original: `Compression module(${said}) not found` }
    return { wanted: '"zlib"', help: 'bz2 is not supported: write "compression zlib" on all nodes' }
  },
}

export const timingDirectives = {
  keepalive: directive({
    arg: time(1),
    default: 1000,
    defaultText: '1',
    repeat: 'last-wins',
    range: 'at least 1ms',
    summary: 'time between two heartbeats',
    support: 'acts',
  }),
  deadtime: directive({
    arg: time(),
    default: 30_000,
    defaultText: '30',
    repeat: 'last-wins',
    range: '> 2 x keepalive',
    summary: 'silence after which a node is declared dead; sent to the peer, which judges us by it',
    support: 'acts',
  }),
  warntime: directive({
    arg: time(1),
    default: null,
    defaultText: 'deadtime / 2',
    repeat: 'last-wins',
    range: '> 0',
    summary: 'silence after which "late heartbeat" is logged',
    original: said => `Warn time [${said}] is invalid.`,
    support: 'acts',
  }),
  initdead: directive({
    arg: time(),
    default: null,
    defaultText: 'deadtime if > 10 s; 12 if deadtime < 6; else 2 x deadtime',
    repeat: 'last-wins',
    range: '>= deadtime',
    summary: 'how long a starting node waits for the others before it declares them dead',
    support: 'acts',
  }),
  deadping: directive({
    arg: time(),
    default: null,
    defaultText: 'deadtime',
    repeat: 'last-wins',
    range: '> 2 x keepalive',
    summary: 'silence after which a ping host is declared dead',
    support: 'acts',
  }),
  auto_failback: directive({
    arg: autoFailback,
    default: null,
    defaultText: 'legacy',
    repeat: 'last-wins',
    summary: 'whether a returning node takes its resources back',
    support: 'acts',
  }),
  takeover_needs_ping: directive({
    arg: onOff,
    default: false,
    defaultText: 'off',
    repeat: 'last-wins',
    summary:
      'ours, unknown to heartbeat 3: take over from a dead node only while a ping node answers; a node that is cut off takes nothing',
    support: 'acts',
  }),
  hopfudge: directive({
    arg: integer(0, 255),
    default: 1,
    repeat: 'last-wins',
    range: '0-255',
    summary: 'hops above the number of nodes that a packet may travel on serial rings (field ttl)',
    support: 'acts',
  }),
  max_rexmit_delay: directive({
    arg: integer(1, 2 ** 31 - 1, 'milliseconds'),
    default: 250,
    repeat: 'last-wins',
    range: '> 0',
    summary: 'longest wait before a lost packet is asked for again',
    original: said => `Invalid max_rexmit_delay time(${said})`,
    support: 'acts',
  }),
  hbgenmethod: directive({
    arg: oneOf(['file', 'time']),
    default: 'file',
    repeat: 'last-wins',
    summary: 'where the generation number comes from; "time" locks the node out when its clock goes back',
    original: said => `Illegal hb generation method [${said}]`,
    support: 'acts',
  }),
  uuidfrom: directive({
    arg: oneOf(['file', 'nodename']),
    default: 'file',
    repeat: 'last-wins',
    summary: "where the node's uuid comes from",
    original: said => `Invalid uuidfrom directive [${said}]`,
    support: 'acts',
  }),
  msgfmt: directive({
    arg: oneOf(['classic', 'netstring']),
    default: 'classic',
    repeat: 'last-wins',
    summary: 'message format; in both the datagram is a netstring, classic adds the inner auth field',
    support: 'acts',
  }),
  compression: directive({
    arg: compressionModule,
    default: 'zlib',
    repeat: 'last-wins',
    summary: 'how large messages are compressed',
    support: 'acts',
  }),
  compression_threshold: directive({
    arg: integer(1, 2 ** 31 - 1, 'KiB'),
    default: 2,
    repeat: 'last-wins',
    range: '> 0',
    summary: 'with traditional_compression: size above which messages are compressed',
    original: said => `set_compression_threshold: compress_threshhold(${said}) invalid`,
    support: 'acts',
  }),
  traditional_compression: directive({
    arg: onOff,
    default: false,
    repeat: 'last-wins',
    summary: 'compress whole messages, not only the structures that API clients mark',
    original: said => `set_traditional_compression:Invalid directive value ${said}`,
    support: 'acts',
  }),
  autojoin: directive({
    arg: oneOf(['none', 'other', 'any'], 'any-case'),
    default: 'none',
    repeat: 'last-wins',
    range: 'only none with haresources',
    summary: 'whether nodes that ha.cf does not name may join',
    original: said => `Invalid autojoin directive [${said}]`,
    support: 'accepted',
  }),
  cluster: directive({
    arg: text('NAME'),
    default: 'linux-ha',
    repeat: 'last-wins',
    summary: 'name of the cluster, for clients that ask',
    support: 'acts',
  }),
}
