/**
 * The value of `fallback=` and `fallback6=`: HOST[:PORT] [METHOD], read from the end of the line, so that only its
 * last two words count. An empty host is the local one. The one word `sorry` is ldirectord's own page.
 */
import type { ArgForm } from '../../syntax/directive.js'
import type { ForwardMethod } from '../core/table.js'
import { withoutBrackets } from './host-text.js'

export const METHODS: readonly ForwardMethod[] = ['gate', 'masq', 'ipip']

export interface FallbackText {
  readonly family: 4 | 6
  readonly host: string
  /** null: the port of the virtual service. */
  readonly port: string | null
  readonly method: ForwardMethod
  /** Words before the two that count. */
  readonly ignored: string
  readonly isSorry: boolean
}

export function fallbackForm(family: 4 | 6): ArgForm<FallbackText> {
  return {
    form: family === 4 ? 'HOST[:PORT] [gate|masq|ipip] | sorry' : '[IPV6][:PORT] [gate|masq|ipip] | sorry',
    parse: text => {
      const words = text.split(/[ \t\r\f\v]+/).filter(word => word !== '')
      const wanted = 'HOST[:PORT] and optionally one of gate, masq, ipip'
      const method = words.length > 1 ? METHODS.find(known => known === words.at(-1)) : 'gate'
      if (method === undefined) return { wanted }
      const isSorry = words.length === 1 && words[0] === 'sorry'
      const server = isSorry ? '' : (words.at(words.length > 1 ? -2 : -1) ?? '')
      const [, host = server, port = null] = /^(.*):([\w-]+)$/s.exec(server) ?? []
      const local = family === 4 ? '127.0.0.1' : '[::1]'
      return {
        value: {
          family,
          host: withoutBrackets(host) === '' ? local : host,
          port,
          method,
          isSorry,
          ignored: words.slice(0, -2).join(' '),
        },
      }
    },
  }
}
