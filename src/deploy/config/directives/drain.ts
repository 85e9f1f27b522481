/** [drain]: how a host is emptied, and what happens to clients that stay. */
import { directive } from '../../../syntax/directive.js'
import * as form from '../forms.js'

const DAY = 86_400

export const drainSection = {
  method: directive({
    arg: form.oneOf('auto', 'weight', 'maintenancedir'),
    default: 'auto',
    repeat: 'once',
    support: 'acts',
    summary:
      'how weight 0 is held on the directors: `ldirectord drain`, a file, or the first of the two that all of them know',
  }),
  wait_persistent: directive({
    arg: form.seconds(0, DAY),
    default: 60,
    repeat: 'once',
    support: 'acts',
    summary: 'least time of a drain where a virtual is persistent',
  }),
  wait_short: directive({
    arg: form.seconds(0, DAY),
    default: 1,
    repeat: 'once',
    support: 'acts',
    summary: 'least time of a drain of any other virtual',
  }),
  max: directive({
    arg: form.seconds(1, DAY),
    default: 900,
    repeat: 'once',
    support: 'acts',
    summary: 'longest time of a drain',
  }),
  active_conn: directive({
    arg: form.whole(0, 1_000_000),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'active connections that may be left',
  }),
  on_timeout: directive({
    arg: form.oneOf('ask', 'proceed', 'stop', 'kill'),
    default: 'ask',
    repeat: 'once',
    support: 'acts',
    summary:
      'after max: ask on a terminal (else stop), go on without who is left, give the host its weight back and stop, or end the connections in the kernel and go on',
  }),
  expire_template: directive({
    arg: form.oneOf('auto', 'require', 'never'),
    default: 'auto',
    repeat: 'once',
    support: 'acts',
    summary:
      'net.ipv4.vs.expire_quiescent_template: set for the run and restored, wanted as it is, or left alone',
  }),
}
