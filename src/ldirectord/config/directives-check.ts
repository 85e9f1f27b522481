/** The directives of a section that say how its servers are checked, and the services that a negotiate check knows. */
import { type ArgForm, directive } from '../../syntax/directive.js'
import * as form from './forms.js'
import type { Checktype } from './model.js'

/** In the order of the original's message. */
export const SERVICES = [
  'dns',
  'ftp',
  'http',
  'https',
  'http_proxy',
  'imap',
  'imaps',
  'ldap',
  'ldaps',
  'mysql',
  'nntp',
  'none',
  'oracle',
  'pop',
  'pops',
  'radius',
  'pgsql',
  'simpletcp',
  'sip',
  'smtp',
  'submission',
] as const

/** Service of a virtual whose section does not name one, by the port as written or resolved. */
export const SERVICE_OF_PORT: Readonly<Record<string, string>> = {
  21: 'ftp',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  110: 'pop',
  119: 'nntp',
  143: 'imap',
  389: 'ldap',
  443: 'https',
  587: 'submission',
  636: 'ldaps',
  993: 'imaps',
  995: 'pops',
  1521: 'oracle',
  1812: 'radius',
  3128: 'http_proxy',
  3306: 'mysql',
  5060: 'sip',
  5432: 'pgsql',
}

const CHECKTYPES = ['connect', 'negotiate', 'ping', 'off', 'on', 'external', 'external-perl'] as const
const CHECKTYPE_ERROR =
  'checktype must be "connect", "negotiate", "on", "off", "ping", "external", "external-perl" or a positive number'

export interface ChecktypeValue {
  readonly checktype: Checktype
  readonly combinedConnects: number
}

const checktypeWord = form.wordOf(CHECKTYPES, /[\w-]+/)
const checktypeForm = {
  form: 'connect|negotiate|ping|on|off|external|external-perl|N',
  parse: (text: string): { value: ChecktypeValue } | { wanted: string } => {
    const digits = /\d+/.exec(text)?.[0]
    if (digits !== undefined) return { value: { checktype: 'combined', combinedConnects: Number(digits) } }
    const word = checktypeWord.parse(text)
    return 'value' in word
      ? { value: { checktype: word.value, combinedConnects: 0 } }
      : { wanted: `one of ${CHECKTYPES.join(', ')}, or a number` }
  },
}

/** Its length tells which one it is. */
const digestForm: ArgForm<string> = {
  form: 'MD5|SHA256',
  parse: value => {
    const digits = form.wordBeforeComment(value)
    return digits !== null && /^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})$/.test(digits)
      ? { value: digits.toLowerCase() }
      : { wanted: '32 (MD5) or 64 (SHA-256) hexadecimal digits' }
  },
}

const count = (name: string, error: string, summary: string) =>
  directive({
    arg: form.number(1),
    default: null,
    defaultText: `global ${name}`,
    repeat: 'last-wins',
    range: '> 0',
    summary,
    original: () => error,
    support: 'acts',
  })

const quotedText = (error: string, summary: string) =>
  directive({
    arg: form.quoted('a text', 'not-empty'),
    default: '',
    defaultText: 'none',
    repeat: 'last-wins',
    summary,
    original: value => (form.isQuoted(value) ? error : form.UNKNOWN_COMMAND),
    support: 'acts',
  })

export const checkDirectives = {
  checktype: directive<ChecktypeValue>({
    arg: checktypeForm,
    default: { checktype: 'negotiate', combinedConnects: 0 },
    defaultText: 'negotiate',
    repeat: 'last-wins',
    summary: 'how servers are checked; N: one negotiate check, then N connect checks, and again',
    original: () => CHECKTYPE_ERROR,
    support: 'acts',
  }),
  service: directive({
    arg: form.wordOf(SERVICES),
    default: null,
    defaultText: 'by the port, else none',
    repeat: 'last-wins',
    summary: 'what a negotiate check speaks; none: the server always counts as up',
    original: () => `service must be ${SERVICES.slice(0, -1).join(', ')} or ${SERVICES.at(-1)}`,
    support: 'acts',
  }),
  request: directive({
    arg: form.quoted('a request', 'not-empty'),
    default: '/',
    repeat: 'last-wins',
    summary: 'what the check asks for; a leading / is added where it is missing',
    original: value => (form.isQuoted(value) ? 'no request string specified' : form.UNKNOWN_COMMAND),
    support: 'acts',
  }),
  receive: directive({
    arg: form.quoted('a regular expression', 'not-empty'),
    default: '',
    defaultText: 'any answer',
    repeat: 'last-wins',
    summary: 'Perl regular expression that the answer must match',
    original: value => (form.isQuoted(value) ? 'invalid receive string' : form.UNKNOWN_COMMAND),
    support: 'acts',
  }),
  receivedigest: directive({
    arg: digestForm,
    default: null,
    repeat: 'last-wins',
    summary:
      'digest that the answer of an http, https, http_proxy or ftp check must have, as `ldirectord check --digest` prints it',
    original: () => 'invalid receive digest',
    support: 'acts',
    ours: true,
  }),
  httpmethod: directive<'GET' | 'HEAD'>({
    arg: {
      form: 'GET|HEAD',
      parse: value => {
        const word = /\w+/.exec(value)?.[0].toUpperCase()
        return word === 'GET' || word === 'HEAD' ? { value: word } : { wanted: 'GET or HEAD' }
      },
    },
    default: 'GET',
    repeat: 'last-wins',
    summary: 'method of http and https checks',
    original: () => 'httpmethod must be GET or HEAD',
    support: 'acts',
  }),
  virtualhost: directive({
    arg: form.hostName,
    default: null,
    defaultText: 'address of the real server',
    repeat: 'last-wins',
    summary: 'Host header of http and https checks',
    support: 'acts',
  }),
  checkport: directive({
    arg: form.number(1, 65535),
    default: null,
    defaultText: 'port of the real server',
    repeat: 'last-wins',
    range: '1..65535',
    summary: 'port that is checked',
    original: value => (/\d/.test(value) ? 'checkport must be in range 1..65536' : 'invalid port'),
    support: 'acts',
  }),
  checkcommand: directive({
    arg: form.maybeQuoted('COMMAND', 'not-empty'),
    default: '/bin/true',
    repeat: 'last-wins',
    summary: 'program of external and external-perl checks',
    original: () => 'invalid check command',
    support: 'acts',
  }),
  checktimeout: count('checktimeout', 'invalid check timeout', 'seconds that a check may take'),
  negotiatetimeout: count(
    'negotiatetimeout',
    'invalid negotiate timeout',
    'seconds that a negotiate check may take',
  ),
  checkcount: count(
    'checkcount',
    'invalid check count',
    'tries of a ping check; deprecated, see failurecount',
  ),
  failurecount: count(
    'failurecount',
    'invalid failure count',
    'failures in a row after which a real server is down',
  ),
  checkinterval: count(
    'checkinterval',
    'invalid checkinterval',
    'seconds between two checks; only with fork=yes',
  ),
  login: quotedText('invalid login string', 'user name of the check'),
  passwd: quotedText('invalid password', 'password of the check'),
  database: quotedText('invalid database', 'database of mysql, pgsql and oracle checks'),
  secret: quotedText('invalid secret', 'shared secret of radius checks'),
  load: directive({
    arg: form.quotedWord,
    default: '',
    defaultText: 'none',
    repeat: 'last-wins',
    summary: 'read by the original, used by none of its checks',
    original: value => (form.isQuoted(value) ? 'invalid string for load testing' : form.UNKNOWN_COMMAND),
    support: 'accepted',
  }),
}
