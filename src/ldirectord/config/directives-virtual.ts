/**
 * The directives of a `virtual=` or `virtual6=` section, one row each. A value of a section overrides the global
 * directive of the same name.
 */
import { directive } from '../../syntax/directive.js'
import { checkDirectives } from './directives-check.js'
import { clientDirectives } from './directives-client.js'
import { CONNECTTIMEOUT_DEPRECATED } from './directives-global.js'
import { mailDirectives } from './directives-mail.js'
import { sorryDirectives } from './directives-sorry.js'
import { stabilityDirectives } from './directives-stability.js'
import { tlsDirectives } from './directives-tls.js'
import { fallbackForm } from './fallback-line.js'
import * as form from './forms.js'

const yesNo = (name: string, defaultText: string, summary: string) =>
  directive({
    arg: form.yesNo,
    default: null,
    defaultText,
    repeat: 'last-wins',
    summary,
    original: () => `${name} must be 'yes' or 'no'`,
    support: 'acts',
  })

const realForm = {
  form: 'HOST[->HOST2][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST","RECEIVE"] [l:N] [u:N]',
  parse: (text: string) => ({ value: text }),
}
const real = (summary: string) =>
  directive({
    arg: realForm,
    default: null,
    repeat: 'accumulates',
    summary,
    original: () => 'invalid address for real server (wrong format)',
    support: 'acts',
  })

const fallback = (family: 4 | 6) =>
  directive({
    arg: fallbackForm(family),
    default: null,
    defaultText: `global ${family === 6 ? 'fallback6' : 'fallback'}`,
    repeat: 'last-wins',
    summary: 'server that answers when no real server is up; no port: the port of this virtual service',
    original: () => 'forward method must be gate, masq or ipip',
    support: 'acts',
  })

const text = (summary: string) =>
  directive({
    arg: form.restOfLine('TEXT', 'empty-allowed'),
    default: null,
    repeat: 'last-wins',
    summary,
    support: 'acts',
  })

export const virtualDirectives = {
  real: real('a real server, or a range of IPv4 servers'),
  real6: real('a real server of a virtual6 section'),
  fallback: fallback(4),
  fallback6: fallback(6),
  fallbackcommand: directive({
    arg: form.maybeQuoted('COMMAND', 'not-empty'),
    default: null,
    defaultText: 'global fallbackcommand',
    repeat: 'last-wins',
    summary: 'command that runs when the fallback is switched on (start) and off (stop)',
    original: () => 'invalid fallback command',
    support: 'acts',
  }),
  ...checkDirectives,
  scheduler: directive({
    arg: form.found('NAME', 'a scheduler in lower-case letters, such as wrr or wlc', /[a-z]+/),
    default: 'wrr',
    repeat: 'last-wins',
    summary: 'scheduler of the virtual service',
    original: () => 'invalid scheduler, should be only lowercase letters (a-z)',
    support: 'acts',
  }),
  persistent: directive({
    arg: form.number(0),
    default: null,
    repeat: 'last-wins',
    summary: 'seconds during which a client stays with its server',
    original: () => 'invalid persistent timeout',
    support: 'acts',
  }),
  netmask: directive({
    arg: form.restOfLine('A.B.C.D|PREFIX', 'empty-allowed'),
    default: null,
    repeat: 'last-wins',
    range: 'virtual6: 1..128',
    summary: 'clients of one network count as one for persistence',
    original: () => 'invalid netmask: dotted quad notation is required',
    support: 'acts',
  }),
  schedflags: directive({
    arg: form.found('FLAG[,FLAG]', 'scheduler flags such as sh-port', /^[^ \t\r\f\v]+/),
    default: '',
    defaultText: 'none',
    repeat: 'last-wins',
    summary: 'flags of the scheduler (ipvsadm -b)',
    original: () => 'invalid sched-flags',
    support: 'acts',
  }),
  protocol: directive({
    arg: form.found('tcp|udp|fwm', 'tcp or udp', /\w+/),
    default: null,
    defaultText: 'tcp; udp for port 53; fwm for a mark',
    repeat: 'last-wins',
    summary: 'protocol of the virtual service',
    original: () => 'invalid protocol',
    support: 'acts',
  }),
  ops: yesNo('ops', 'no', 'one-packet scheduling, UDP only'),
  quiescent: yesNo('quiescent', 'global quiescent', 'a server that is down keeps its entry with weight 0'),
  cleanstop: yesNo('cleanstop', 'global cleanstop', 'remove this virtual service when ldirectord stops'),
  ...mailDirectives('global'),
  monitorfile: directive({
    arg: form.maybeQuoted('PATH', 'empty-allowed'),
    default: null,
    repeat: 'last-wins',
    summary: 'file that gets a line for each result of a check',
    support: 'acts',
  }),
  servicename: text('name of the service in mails'),
  comment: text('comment in mails'),
  connecttimeout: CONNECTTIMEOUT_DEPRECATED,
  ...stabilityDirectives('global'),
  ...sorryDirectives('global'),
  ...clientDirectives('global'),
  ...tlsDirectives('global'),
}
