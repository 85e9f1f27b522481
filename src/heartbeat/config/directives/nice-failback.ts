/**
 * nice_failback, the directive of heartbeat 1.0 that the original still reads, whatever its value: after an
 * auto_failback line it makes that one `off`, else it is `legacy`. It logs ERROR lines and runs.
 */
import { directive } from '../../../syntax/directive.js'
import { onOff } from '../arg-forms.js'

export const NICE_FAILBACK_OBSOLETE =
  'nice_failback flag is obsolete.. Use auto_failback {on, off, legacy} instead.'

export const niceFailbackDirective = {
  nice_failback: directive({
    arg: onOff,
    default: null,
    repeat: 'last-wins',
    summary: 'obsolete: use auto_failback',
    original: () => NICE_FAILBACK_OBSOLETE,
    support: 'accepted',
  }),
}
