/** Directives about logs. */

import type { ArgForm } from '../../../syntax/directive.js'
import { directive } from '../../../syntax/directive.js'
import { integer, onOff, text, time } from '../arg-forms.js'

const FACILITIES = [
  ...[
    'auth',
    'authpriv',
    'cron',
    'daemon',
    'ftp',
    'kern',
    'lpr',
    'mail',
    'mark',
    'news',
    'security',
    'syslog',
  ],
  ...['user', 'uucp', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
]

const facility: ArgForm<string> = {
  form: 'FACILITY|none',
  parse: said => {
    if (said === 'none' || FACILITIES.includes(said)) return { value: said }
    const lower = said.toLowerCase().replace(/^log_/, '')
    const help = FACILITIES.includes(lower) ? { help: `write "${lower}"` } : {}
    return { wanted: 'a syslog facility such as daemon or local0, or "none"', ...help }
  },
}

export const loggingDirectives = {
  logfile: directive({
    arg: text('PATH'),
    default: null,
    repeat: 'last-wins',
    summary: 'file of log lines without debug lines; the usual place is /var/log/ha-log',
    support: 'acts',
  }),
  debugfile: directive({
    arg: text('PATH'),
    default: null,
    repeat: 'last-wins',
    summary: 'file of all lines, debug lines and output of scripts included',
    support: 'acts',
  }),
  logfacility: directive({
    arg: facility,
    default: null,
    repeat: 'last-wins',
    summary: 'syslog facility of the log',
    original: said => `Log facility(${said}) not valid`,
    support: 'acts',
  }),
  use_logd: directive({
    arg: onOff,
    default: null,
    defaultText: 'on when no other log directive is given',
    repeat: 'last-wins',
    summary: 'log through ha_logd',
    support: 'acts',
  }),
  conn_logd_time: directive({
    arg: time(1),
    default: 60_000,
    defaultText: '60',
    repeat: 'last-wins',
    range: '> 0',
    summary: 'time between two attempts to reach ha_logd',
    support: 'acts',
  }),
  syslogmsgfmt: directive({
    arg: onOff,
    default: true,
    defaultText: 'on',
    repeat: 'last-wins',
    summary: 'log files in the format of syslog',
    support: 'acts',
  }),
  log_badpack: directive({
    arg: onOff,
    default: true,
    defaultText: 'on',
    repeat: 'last-wins',
    summary: 'log packets that do not verify',
    support: 'acts',
  }),
  debug: directive({
    arg: integer(0, 255),
    default: 0,
    repeat: 'last-wins',
    range: '0-255',
    summary: 'debug level',
    support: 'acts',
  }),
  coredumps: directive({
    arg: onOff,
    default: true,
    defaultText: 'on',
    repeat: 'last-wins',
    summary: 'write core dumps',
    support: 'accepted',
  }),
  coreroot: directive({
    arg: text('DIR'),
    default: null,
    defaultText: '/var/lib/heartbeat/cores',
    repeat: 'last-wins',
    summary: 'where core dumps go',
    support: 'accepted',
  }),
}
