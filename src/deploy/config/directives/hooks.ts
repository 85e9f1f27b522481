/** [hooks] and [notify]: the administrator's own commands by the moment at which they run, and who is told. */
import { directive } from '../../../syntax/directive.js'
import * as form from '../forms.js'

const hook = (summary: string) =>
  directive({ arg: form.text, default: null, repeat: 'once', support: 'acts', summary })

export const hooksSection = {
  before_all: hook('before the first host; once, on this machine'),
  on_prepare: hook('in the new release, before it is ready; the host still serves'),
  on_drained: hook('after the drain, before the switch'),
  on_switch: hook('after the link was switched, and again after it was switched back'),
  after_switch: hook('once the host has its weight back'),
  on_fail: hook('after a host has failed and was brought to its end'),
  after_all: hook('after the last host; once, on this machine'),
}

export const notifySection = {
  mail: directive({
    arg: form.text,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'who is told of a host that failed',
  }),
  sendmail: directive({
    arg: form.absolutePath,
    default: '/usr/sbin/sendmail',
    repeat: 'once',
    support: 'acts',
    summary: 'program that takes the mail: called with -t -oi, the mail on its standard input',
  }),
}
