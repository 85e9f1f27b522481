/** Directives about the process itself, and those that only a Pacemaker cluster uses. */

import type { ArgForm } from '../../../syntax/directive.js'
import { directive } from '../../../syntax/directive.js'
import { booleanOf, integer, onOff, text } from '../arg-forms.js'

const CRM_WORDS = ['manual', 'minimal', 'respawn', 'valgrind', 'ccm-only']
const NO_PACEMAKER = 'Failed to add pacemaker client child "cib"'

/** Only what runs no Pacemaker is taken: this is a cluster of haresources, as in the original without Pacemaker installed. */
const crm: ArgForm<'off' | 'ccm-only'> = {
  form: 'off',
  parse: said => {
    const lower = said.toLowerCase()
    if (lower === 'ccm-only') return { value: 'ccm-only', doubt: 'has no effect: there is no ccm' }
    if (booleanOf(said) === false) return { value: 'off' }
    const wanted = '"off": resources come from haresources, Pacemaker is not part of this cluster'
    const known = booleanOf(said) === true || CRM_WORDS.includes(lower)
    return { wanted, ...(known ? { original: NO_PACEMAKER } : {}), help: 'remove the line, or write "off"' }
  },
}

const pacemaker = {
  arg: crm,
  default: 'off',
  repeat: 'once',
  originalTwice: 'pacemaker/crm directive used multiple times!',
  summary: 'Pacemaker resource management',
  support: 'accepted',
} as const

const forPacemaker = (summary: string) =>
  directive({
    arg: onOff,
    default: true,
    defaultText: 'on',
    repeat: 'last-wins',
    summary: `${summary} (Pacemaker only)`,
    original: said => `ha_config_check_boolean:Invalid directive value ${said}`,
    support: 'accepted',
  })

export const processDirectives = {
  realtime: directive({
    arg: onOff,
    default: true,
    defaultText: 'on',
    repeat: 'last-wins',
    summary: 'run with realtime priority',
    support: 'acts',
  }),
  rtprio: directive({
    arg: integer(1, 99),
    default: null,
    defaultText: '1',
    repeat: 'last-wins',
    range: '1-99',
    summary: 'realtime priority',
    original: said => `Illegal realtime priority [${said}]`,
    support: 'acts',
  }),
  memreserve: directive({
    arg: integer(1, 2 ** 31 - 1, 'KiB'),
    default: 6500,
    repeat: 'last-wins',
    range: '> 0',
    summary: 'memory to reserve at start',
    support: 'accepted',
  }),
  use_apphbd: directive({
    arg: onOff,
    default: false,
    defaultText: 'off',
    repeat: 'last-wins',
    summary: 'be watched by apphbd',
    support: 'accepted',
  }),
  watchdog: directive({
    arg: text('DEVICE'),
    default: null,
    repeat: 'once',
    originalTwice: 'heartbeat: Watchdog device multiply specified.',
    summary:
      'watchdog device that resets the machine when heartbeat stops feeding it; its time is deadtime, rounded up to more than that',
    support: 'acts',
  }),
  crm: directive(pacemaker),
  pacemaker: directive({ ...pacemaker, summary: 'the same as crm' }),
  quorum_server: directive({
    arg: text('HOST'),
    default: null,
    repeat: 'last-wins',
    summary: 'server that breaks ties between halves of a cluster (Pacemaker only)',
    support: 'accepted',
  }),
  crm_daemon_dir: directive({
    arg: text('DIR'),
    default: null,
    repeat: 'last-wins',
    summary: 'directory of the Pacemaker daemons; the original refuses it where there are none',
    support: 'refused',
  }),
  crmd_spawns_pengine: forPacemaker('crmd starts the policy engine'),
  record_config_changes: forPacemaker('record changes of the cib'),
  record_pengine_inputs: forPacemaker('record the input of the policy engine'),
  enable_config_writes: forPacemaker('write configuration changes to disk'),
}
