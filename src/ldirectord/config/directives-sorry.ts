/** Directives of ours for `fallback=sorry`: the page that ldirectord itself answers while no real server serves. */
import { directive } from '../../syntax/directive.js'
import * as form from './forms.js'

export const SORRY_PORT = 8503
export const SORRY_RETRY_AFTER = 30

/** @param inherits whether an unset value is the global one or none */
export function sorryDirectives(inherits: 'none' | 'global') {
  const unset = (name: string, otherwise: string): string =>
    inherits === 'global' ? `global ${name}` : otherwise
  return {
    sorrypage: directive({
      arg: form.maybeQuoted('PATH', 'not-empty'),
      default: null,
      defaultText: unset('sorrypage', 'a built-in page'),
      repeat: 'last-wins',
      summary: 'HTML file that fallback=sorry answers with; read when ldirectord.cf is loaded',
      original: () => 'invalid sorry page',
      support: 'acts',
      ours: true,
    }),
    sorryretryafter: directive({
      arg: form.number(0, 86_400),
      default: null,
      defaultText: unset('sorryretryafter', String(SORRY_RETRY_AFTER)),
      repeat: 'last-wins',
      range: '0..86400',
      summary: 'seconds of the Retry-After header of fallback=sorry; 0: no header',
      original: () => 'sorryretryafter must be in range 0..86400',
      support: 'acts',
      ours: true,
    }),
    sorryport: directive({
      arg: form.number(1, 65_535),
      default: null,
      defaultText: unset('sorryport', String(SORRY_PORT)),
      repeat: 'last-wins',
      range: '1..65535',
      summary: 'port on which ldirectord answers for fallback=sorry, at the address of the virtual service',
      original: () => 'sorryport must be in range 1..65535',
      support: 'acts',
      ours: true,
    }),
  }
}
