/** Directives of ours: how the proxy, which hides the client's address from real servers, tells it to them. */
import { type ArgForm, directive } from '../../syntax/directive.js'
import type { ProxyProtocol } from '../core/table.js'
import * as form from './forms.js'

const version: ArgForm<ProxyProtocol | 'no'> = {
  form: 'v1|v2|no',
  parse: text =>
    text === 'v1' || text === 'v2' || text === 'no' ? { value: text } : { wanted: 'v1, v2 or no' },
}

/** @param inherits whether an unset value is the global one or none */
export function clientDirectives(inherits: 'none' | 'global') {
  const unset = (name: string): string => (inherits === 'global' ? `global ${name}` : 'no')
  return {
    proxyprotocol: directive({
      arg: version,
      default: null,
      defaultText: unset('proxyprotocol'),
      repeat: 'last-wins',
      summary:
        'the proxy sends the PROXY protocol header, with the address of the client, to real servers first',
      original: () => 'proxyprotocol must be v1, v2 or no',
      support: 'acts',
      ours: true,
    }),
    forwardedfor: directive({
      arg: form.yesNo,
      default: null,
      defaultText: unset('forwardedfor'),
      repeat: 'last-wins',
      summary: 'the proxy adds X-Forwarded-For, with the address of the client, to requests of HTTP/1',
      original: () => "forwardedfor must be 'yes' or 'no'",
      support: 'acts',
      ours: true,
    }),
  }
}
