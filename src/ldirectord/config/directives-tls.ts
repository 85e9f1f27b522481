/**
 * Directives of ours for checks over TLS. The original verifies nothing, and so does a file that sets none of them.
 * They stand in column 1 and in sections; a section's value wins.
 */
import { type ArgForm, directive } from '../../syntax/directive.js'
import * as form from './forms.js'

/** Checks that speak TLS, or may be led to it by a redirect or a complete URL. */
export const TLS_SERVICES: readonly string[] = ['https', 'imaps', 'pops', 'ldaps', 'http', 'http_proxy']

const DAYS_MAX = 3_650

const HOST = /^(?=.{1,253}$)(?!\d{1,3}(\.\d{1,3}){3}$)[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*\.?$/

/** A name only: TLS has no server name indication for addresses (RFC 6066, 3). */
const serverName: ArgForm<string> = {
  form: 'HOSTNAME',
  parse: text => {
    const word = form.wordBeforeComment(text)
    return word !== null && HOST.test(word) ? { value: word } : { wanted: 'a host name, not an address' }
  },
}

const path: ArgForm<string> = {
  form: 'PATH',
  parse: text => {
    const word = form.wordBeforeComment(text)
    return word?.startsWith('/') ? { value: word } : { wanted: 'the full path of a PEM file' }
  },
}

/** @param inherits whether an unset value is the global one or none */
export function tlsDirectives(inherits: 'none' | 'global') {
  const unset = (name: string, otherwise: string): string =>
    inherits === 'global' ? `global ${name}` : otherwise
  const file = (name: string, otherwise: string, summary: string) =>
    directive({
      arg: path,
      default: null,
      defaultText: unset(name, otherwise),
      repeat: 'last-wins',
      summary,
      original: () => `invalid ${name}`,
      support: 'acts',
      ours: true,
    })
  const days = (name: string, summary: string) =>
    directive({
      arg: form.number(0, DAYS_MAX),
      default: null,
      defaultText: unset(name, 'none'),
      repeat: 'last-wins',
      range: `0..${DAYS_MAX}`,
      summary,
      original: () => `invalid ${name}`,
      support: 'acts',
      ours: true,
    })
  return {
    tlsverify: directive({
      arg: form.yesNo,
      default: null,
      defaultText: unset('tlsverify', 'no'),
      repeat: 'last-wins',
      summary: 'TLS checks verify the certificate of the server: its issuer, its time and its name',
      original: () => "tlsverify must be 'yes' or 'no'",
      support: 'acts',
      ours: true,
    }),
    tlscafile: file('tlscafile', 'those of the system', 'certificates of the issuers that tlsverify trusts'),
    tlsservername: directive({
      arg: serverName,
      default: null,
      defaultText: unset('tlsservername', 'virtualhost where a tls directive is set, else none'),
      repeat: 'last-wins',
      summary:
        'name that is asked for (SNI) and that the certificate must carry; unset: address of the server',
      original: () => 'invalid tlsservername',
      support: 'acts',
      ours: true,
    }),
    tlscert: file('tlscert', 'none', 'certificate that the check shows to the server'),
    tlskey: file('tlskey', 'the file of tlscert', 'its private key'),
    tlsexpirywarn: days(
      'tlsexpirywarn',
      'days: a certificate that expires within them is warned of in the log, once a day',
    ),
    tlsexpiryfail: days('tlsexpiryfail', 'days: a server whose certificate expires within them is down'),
  }
}
