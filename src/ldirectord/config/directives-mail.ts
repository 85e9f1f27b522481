/** Who gets which mails: the directives that mean the same in column 1 and, there first, in a section. */
import { directive } from '../../syntax/directive.js'
import * as form from './forms.js'
import type { EmailAlertStatus } from './model.js'

/** What emailalertstatus is unless set. */
export const EVERY_STATUS: readonly EmailAlertStatus[] = ['starting', 'running', 'stopping', 'reloading']

/** @param inherits whether an unset value is the global one or the original's default */
export function mailDirectives(inherits: 'none' | 'global') {
  const unset = (name: string, otherwise: string): string =>
    inherits === 'global' ? `global ${name}` : otherwise
  return {
    emailalert: directive({
      arg: form.mailAddresses,
      default: null,
      defaultText: unset('emailalert', 'none'),
      repeat: 'last-wins',
      summary: 'who gets a mail when a server changes its state',
      original: () => 'no email address specified',
      support: 'acts',
    }),
    emailalertfreq: directive({
      arg: form.leadingNumber,
      default: null,
      defaultText: unset('emailalertfreq', '0'),
      repeat: 'last-wins',
      range: '>= 0',
      summary: 'seconds after which the mail about a server that is down is repeated; 0: never',
      original: () => 'invalid email alert frequency',
      support: 'acts',
    }),
    emailalertstatus: directive({
      arg: form.alertStatus,
      default: null,
      defaultText: unset('emailalertstatus', 'all'),
      repeat: 'last-wins',
      summary: 'states of the daemon in which mails are sent',
      original: form.alertStatusError,
      support: 'acts',
    }),
    smtp: directive({
      arg: form.found('HOST', 'a host name or IPv4 address', /^[0-9A-Za-z._+-]+/),
      default: null,
      defaultText: unset('smtp', 'sendmail'),
      repeat: 'last-wins',
      summary: 'mail server',
      original: () => 'invalid SMTP server address',
      support: 'acts',
    }),
  }
}
