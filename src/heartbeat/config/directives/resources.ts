/** Directives about resources that run: how they are watched, what a failure means, how their addresses are announced. */
import { directive } from '../../../syntax/directive.js'
import { integer, oneOf, time } from '../arg-forms.js'

const OFF = '0: off'

export const resourceDirectives = {
  resource_monitor: directive({
    arg: time(),
    default: 0,
    defaultText: 'off',
    repeat: 'last-wins',
    range: OFF,
    summary: 'time between two looks at each running resource; one that does not run is started again',
    support: 'acts',
    ours: true,
  }),
  resource_monitor_timeout: directive({
    arg: time(1),
    default: 20_000,
    defaultText: '20',
    repeat: 'last-wins',
    summary: 'time after which a look at a resource has failed',
    support: 'acts',
    ours: true,
  }),
  resource_restarts: directive({
    arg: integer(0, 1000),
    default: 3,
    repeat: 'last-wins',
    summary: 'restarts of a resource within 10 minutes before its group is handed over',
    support: 'acts',
    ours: true,
  }),
  resource_start_tries: directive({
    arg: integer(1, 100),
    default: 2,
    repeat: 'last-wins',
    summary: 'how often a group is tried to start, one second apart, before it is handed over',
    support: 'acts',
    ours: true,
  }),
  resource_stop_failure: directive({
    arg: oneOf(['keep', 'reboot']),
    default: 'keep',
    repeat: 'last-wins',
    summary: 'what to do about a group that cannot be stopped: keep trying, or reboot this machine at once',
    support: 'acts',
    ours: true,
  }),
  announce_count: directive({
    arg: integer(1, 100),
    default: 5,
    repeat: 'last-wins',
    summary: 'how often a service address is announced when it has come here (ARP, neighbour advertisement)',
    support: 'acts',
    ours: true,
  }),
  announce_interval: directive({
    arg: time(10),
    default: 200,
    defaultText: '200ms',
    repeat: 'last-wins',
    summary: 'time between two of these announcements',
    support: 'acts',
    ours: true,
  }),
  announce_refresh: directive({
    arg: time(),
    default: 60_000,
    defaultText: '60',
    repeat: 'last-wins',
    range: OFF,
    summary:
      'time between two single announcements of the addresses that are held; a second owner is looked for, too',
    support: 'acts',
    ours: true,
  }),
  address_check: directive({
    arg: time(),
    default: 1_000,
    defaultText: '1',
    repeat: 'last-wins',
    range: OFF,
    summary: 'time between two looks whether held addresses are still set; one that is not is put back',
    support: 'acts',
    ours: true,
  }),
  address_in_use: directive({
    arg: oneOf(['auto', 'keep', 'yield']),
    default: 'auto',
    repeat: 'last-wins',
    summary:
      'when somebody else answers for an address that we start: keep it, yield (give the group back), or auto: keep it only if it was taken over from a dead node',
    support: 'acts',
    ours: true,
  }),
}
