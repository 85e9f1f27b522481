/**
 * The directives that stand in column 1 of ldirectord.cf, one row each. Defaults are those of the original program,
 * not of its manual (quiescent and readdquiescent are off).
 */
import { directive } from '../../syntax/directive.js'
import { clientDirectives } from './directives-client.js'
import { mailDirectives } from './directives-mail.js'
import { sorryDirectives } from './directives-sorry.js'
import { stabilityDirectives } from './directives-stability.js'
import { tlsDirectives } from './directives-tls.js'
import { fallbackForm } from './fallback-line.js'
import * as form from './forms.js'

const yesNo = (name: string, byDefault: boolean, summary: string, support: 'acts' | 'later') =>
  directive({
    arg: form.yesNo,
    default: byDefault,
    defaultText: byDefault ? 'yes' : 'no',
    repeat: 'last-wins',
    summary,
    original: () => `${name} must be 'yes' or 'no'`,
    support,
  })

const count = (byDefault: number | null, defaultText: string, original: string, summary: string) =>
  directive({
    arg: form.number(1),
    default: byDefault,
    defaultText,
    repeat: 'last-wins',
    range: '> 0',
    summary,
    original: () => original,
    support: 'acts',
  })

const deprecated = (original: string, summary: string) =>
  directive<never>({
    arg: { form: 'SECONDS', parse: () => ({ wanted: summary }) },
    default: null,
    repeat: 'once',
    summary,
    original: () => original,
    support: 'refused',
  })

export const CONNECTTIMEOUT_DEPRECATED = deprecated(
  'connecttimeout directive deprecated in favour of negotiatetimeout',
  'replaced by negotiatetimeout',
)

export const globalDirectives = {
  checktimeout: count(
    null,
    '5 (or negotiatetimeout)',
    'invalid check timeout value',
    'seconds that a check may take',
  ),
  negotiatetimeout: count(
    null,
    '30 (or checktimeout)',
    'invalid negotiate timeout value',
    'seconds that a negotiate check may take',
  ),
  checkinterval: count(10, '10', 'invalid check interval value', 'seconds between two checks'),
  checkcount: count(
    1,
    '1',
    'invalid check count value',
    'tries of a ping check; deprecated, see failurecount',
  ),
  failurecount: count(
    1,
    '1',
    'invalid failure count value',
    'failures in a row after which a real server is down',
  ),
  fallback: directive({
    arg: fallbackForm(4),
    default: null,
    repeat: 'last-wins',
    summary: 'server that answers when no real server is up; no port: the port of each virtual service',
    original: () => 'forward method must be gate, masq or ipip',
    support: 'acts',
  }),
  fallback6: directive({
    arg: fallbackForm(6),
    default: null,
    repeat: 'last-wins',
    summary: 'the same for IPv6 virtual services',
    original: () => 'forward method must be gate, masq or ipip',
    support: 'acts',
  }),
  fallbackcommand: directive({
    arg: form.restOfLine('COMMAND', 'not-empty'),
    default: null,
    repeat: 'last-wins',
    summary: 'command that runs when the fallback is switched on (start) and off (stop)',
    original: () => 'invalid fallback command',
    support: 'acts',
  }),
  autoreload: yesNo('autoreload', false, 'read the file again when it has changed', 'acts'),
  callback: directive({
    arg: form.quoted('a path', 'empty-allowed'),
    default: null,
    repeat: 'last-wins',
    summary: 'program that runs with the name of the file when the file has changed',
    original: () => form.UNKNOWN_COMMAND,
    support: 'acts',
  }),
  logfile: directive({
    arg: form.quoted('a path or facility', 'empty-allowed'),
    default: '/var/log/ldirectord.log',
    repeat: 'last-wins',
    summary: 'file, or syslog facility when it does not start with /',
    original: value => (form.isQuoted(value) ? `unable to open logfile: ${value}` : form.UNKNOWN_COMMAND),
    support: 'acts',
  }),
  execute: directive({
    arg: form.restOfLine('CONFIG', 'empty-allowed'),
    default: null,
    repeat: 'accumulates',
    summary: 'another configuration that is started, stopped and reloaded together with this one',
    support: 'acts',
  }),
  supervised: yesNo('supervised', false, 'stay in the foreground and log to standard output', 'acts'),
  fork: yesNo(
    'fork',
    false,
    'a process for each virtual service; its own checkinterval counts only then',
    'later',
  ),
  quiescent: yesNo('quiescent', false, 'a server that is down keeps its entry with weight 0', 'acts'),
  readdquiescent: yesNo(
    'readdquiescent',
    false,
    'a quiescent server that someone has removed is added again',
    'acts',
  ),
  ...mailDirectives('none'),
  emailalertfrom: directive({
    arg: form.restOfLine('ADDRESS', 'not-empty'),
    default: null,
    defaultText: 'USER@HOST',
    repeat: 'last-wins',
    summary: 'sender of the mails',
    original: () => 'no email from address specified',
    support: 'acts',
  }),
  cleanstop: yesNo('cleanstop', true, 'remove the virtual services when ldirectord stops', 'acts'),
  maintenancedir: directive({
    arg: form.restOfLine('DIRECTORY', 'not-empty'),
    default: null,
    repeat: 'last-wins',
    summary: 'a file there, named as a real server, takes that server out of service',
    original: () => 'maintenance directory not specified',
    support: 'acts',
  }),
  timeout: deprecated(
    'timeout directive deprecated in favour of checktimeout and negotiatetimeout',
    'replaced by checktimeout and negotiatetimeout',
  ),
  connecttimeout: CONNECTTIMEOUT_DEPRECATED,
  forwarder: directive({
    arg: form.wordOf(['auto', 'ipvs', 'nft', 'proxy']),
    default: 'auto' as const,
    repeat: 'last-wins',
    summary:
      'what forwards: kernel IPVS, nftables, the user-space proxy, or the first of these that the machine offers',
    original: () => 'forwarder must be auto, ipvs, nft or proxy',
    support: 'acts',
    ours: true,
  }),
  proxyworkers: directive({
    arg: form.number(1, 15),
    default: null,
    defaultText: 'as many as cores, at most 4',
    repeat: 'last-wins',
    range: '1..15',
    summary: 'most threads in which the user-space proxy forwards TCP; read when ldirectord starts',
    original: () => 'proxyworkers must be in range 1..15',
    support: 'acts',
    ours: true,
  }),
  ...stabilityDirectives('none'),
  ...sorryDirectives('none'),
  ...clientDirectives('none'),
  ...tlsDirectives('none'),
  checkjitter: directive({
    arg: form.number(0, 50),
    default: 0,
    repeat: 'last-wins',
    range: '0..50',
    summary: 'percent of checkinterval by which a check may start earlier, by chance',
    original: () => 'checkjitter must be in range 0..50',
    support: 'acts',
    ours: true,
  }),
  emailalertgroup: directive({
    arg: form.number(0),
    default: 0,
    repeat: 'last-wins',
    range: '>= 0',
    summary: 'seconds of events that share one mail; 0: each event is a mail',
    original: () => 'invalid email alert group',
    support: 'acts',
    ours: true,
  }),
  emailalertlimit: directive({
    arg: form.number(1),
    default: null,
    repeat: 'last-wins',
    range: '> 0',
    summary: 'mails an hour to the same addresses; what is beyond comes in one digest when the hour is over',
    original: () => 'invalid email alert limit',
    support: 'acts',
    ours: true,
  }),
  emailalertdetail: directive({
    arg: form.yesNo,
    default: false,
    defaultText: 'no',
    repeat: 'last-wins',
    summary: 'further lines in mails: why a server changed, and how long it was down',
    original: () => "emailalertdetail must be 'yes' or 'no'",
    support: 'acts',
    ours: true,
  }),
  emailalertowner: directive({
    arg: form.yesNo,
    default: false,
    defaultText: 'no',
    repeat: 'last-wins',
    summary: 'of two directors only the one that has the address of the virtual service mails about it',
    original: () => "emailalertowner must be 'yes' or 'no'",
    support: 'acts',
    ours: true,
  }),
}
