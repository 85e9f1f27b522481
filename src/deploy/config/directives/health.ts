/** [health]: what a host must pass before and while it serves again. */
import { directive } from '../../../syntax/directive.js'
import * as form from '../forms.js'

export const healthSection = {
  check: directive({
    arg: form.oneOf('ldirectord', 'url', 'command'),
    default: 'ldirectord',
    repeat: 'once',
    support: 'acts',
    summary:
      'what a host must pass at weight 0: the next check of ldirectord itself, a page, or a command of yours',
  }),
  path: directive({
    arg: form.text,
    default: '/',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: what is asked of the real server',
  }),
  port: directive({
    arg: form.whole(1, 65_535),
    default: null,
    defaultText: 'the port of the real',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: another port',
  }),
  virtualhost: directive({
    arg: form.text,
    default: null,
    defaultText: 'the address',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: the Host header',
  }),
  expect: directive({
    arg: form.text,
    default: null,
    defaultText: 'any body',
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: text that the body holds; {release} stands for the id of the release',
  }),
  release_header: directive({
    arg: form.name,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'check = url: header whose value must be the id of the release',
  }),
  command: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'check = command: run on the host; status 0 passes',
  }),
  rise: directive({
    arg: form.whole(1, 100),
    default: 3,
    repeat: 'once',
    support: 'acts',
    summary: 'check = url, command: passes in a row that are wanted',
  }),
  interval: directive({
    arg: form.seconds(0, 3600),
    default: 2,
    repeat: 'once',
    support: 'acts',
    summary: 'check = url, command: time between two probes',
  }),
  timeout: directive({
    arg: form.seconds(1, 3600),
    default: 60,
    repeat: 'once',
    support: 'acts',
    summary: 'limit of the gate, and of the return of the weight',
  }),
  slow_start: directive({
    arg: form.seconds(0, 3600),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary:
      'time in which the weight grows from 1 to that of ldirectord.cf, in up to 10 steps; wants the drain of our ldirectord',
  }),
  watch: directive({
    arg: form.seconds(0, 3600),
    default: 30,
    repeat: 'once',
    support: 'acts',
    summary: 'time that a host is observed at full weight',
  }),
}
