/** Directives about children and clients. All may be given again and add up. */
import { directive } from '../../../syntax/directive.js'
import { apiClient, nameValue, stonithDevice, stonithHost, userAndCommand } from '../clients.js'

const list = { default: null, repeat: 'accumulates', takes: 'line' } as const

export const clientDirectives = {
  respawn: directive({
    ...list,
    arg: userAndCommand,
    summary: 'program to keep running as this user while heartbeat runs',
    support: 'acts',
  }),
  failfast: directive({
    ...list,
    arg: userAndCommand,
    summary:
      'the same, but the machine is rebooted when the program is killed or ends with another exit code than 0',
    support: 'acts',
  }),
  apiauth: directive({
    ...list,
    arg: apiClient,
    summary: 'who may use the local API under a client name; once a name',
    support: 'acts',
  }),
  env: directive({
    ...list,
    takes: 'each',
    arg: nameValue,
    summary: 'environment of children: NAME becomes HA_NAME',
    support: 'acts',
  }),
  stonith: directive({
    ...list,
    arg: stonithDevice,
    summary:
      'device that resets a dead node before its resources are taken, with a file of parameters for the stonith command',
    support: 'acts',
  }),
  stonith_host: directive({
    ...list,
    arg: stonithHost,
    summary: 'the same for one host, or all (`*`); lines for other hosts are not looked at',
    support: 'acts',
  }),
}
