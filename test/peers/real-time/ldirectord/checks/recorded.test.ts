// Each case that was recorded from ldirectord 4.12, played to our checks: the same verdict, and the same bytes on the
// wire, except where a row says what differs and why.
import test from 'ava'
import type { Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { onceServer } from '../../../../contract/check/line-server.js'
import {
  A,
  AAAA,
  answersOnce,
  dns,
  framed,
  ftp,
  imap,
  ldap,
  lines,
  POP,
  PTR,
  radius,
  type Server,
  SIP_OK,
  SMTP,
  STAMPED,
  udp,
  WEB_OK,
} from '../../../../contract/check/talkers.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'
import { type Recorded, recorded, recording } from '../../../../ldirectord/checks/recorded.js'
import { until } from '../../until.js'

/** Parts of a request that are chance or count, taken out. */
const SAME: Readonly<Record<string, (sent: string) => string>> = {
  // The original's anchor of a transaction is fixed and its Via always says UDP.
  sip: sent =>
    sent
      .replace(/SIP\/2\.0\/(UDP|TCP) 127\.0\.0\.1:\d+;branch=z9hG4bK\w+/, 'VIA')
      .replace(/tag=\w+/, 'TAG')
      .replace(/Call-ID: \w+/, 'CALL-ID'),
  dns: sent => sent.replace(/^(\x00!)?../s, '$1ID'),
  // The number of a message counts through the life of the original's process.
  // An alias as the base is followed by the original; the library has no way to ask for that.
  ldap: sent => sent.replace(/\x02\x01.(?=[`c])/gs, 'ID').replace(/\n\x01[\0\x02](?=\x02)/, 'ALIASES'),
  http_proxy: sent =>
    sent
      .toLowerCase()
      .split('\r\n')
      .filter(line => /^(get|host)/.test(line))
      .join('|'),
}

interface Play {
  readonly server: () => Promise<Server>
  /** What we send instead, and why. */
  readonly sends?: readonly [ours: string, because: string]
  /** Our verdict where it is another one, and why. */
  readonly result?: readonly [ours: 'up' | 'down', because: string]
  /** Whose recorded bytes are compared by a test of their own. */
  readonly bytesElsewhere?: true
}

const SHORT_POP = 'CAPA and STAT decide nothing'
const NO_EXPUNGE = 'EXPUNGE without a mailbox is a habit of the library'
const PASSIVE = 'the data connection is passive only, which passes firewalls'
const F11 = 'a server that does not greet must not count as up'
const anonymous = 'USER anonymous\r\nPASS ldirectord@director1\r\nCWD /\r\nTYPE I\r\nPASV\r\n'
const alice = 'USER alice\r\nPASS secret\r\n'
const inside = 'CWD /\r\nTYPE I\r\nPASV\r\n'

const PLAYS: Readonly<Record<string, Play>> = {
  smtp: { server: lines('220 mail ESMTP\r\n', SMTP) },
  'smtp-several-lines': { server: lines('220-mail\r\n220 ESMTP\r\n', SMTP) },
  'smtp-without-ehlo': { server: lines('220 mail\r\n', [[/^EHLO/, '502 no\r\n'], ...SMTP]) },
  'smtp-554': { server: lines('554 go away\r\n', SMTP), sends: ['QUIT\r\n', 'a good-bye is polite'] },
  'smtp-refuses-both': {
    server: lines('220 mail\r\n', [[/^QUIT/, '221\r\n']]),
    sends: ['EHLO localhost.localdomain\r\nHELO localhost.localdomain\r\nQUIT\r\n', 'a good-bye is polite'],
  },
  'smtp-busy-then-quit': {
    server: lines('421 busy\r\n', SMTP),
    sends: ['QUIT\r\n', 'a good-bye is polite'],
  },
  submission: { server: lines('220 mail ESMTP\r\n', SMTP) },
  'pop-login': {
    server: lines('+OK ready\r\n', POP),
    sends: ['USER alice\r\nPASS secret\r\nQUIT\r\n', SHORT_POP],
  },
  'pop-login-wrong': {
    server: lines('+OK ready\r\n', [[/^PASS/, '-ERR wrong\r\n'], ...POP]),
    sends: ['USER alice\r\nPASS secret\r\nQUIT\r\n', 'a refused login is not tried twice'],
  },
  'pop-apop': {
    server: lines(STAMPED, POP),
    sends: ['APOP alice cde42109d04cdfac52c3212d12ee441b\r\nQUIT\r\n', SHORT_POP],
  },
  'pop-apop-refused': {
    server: lines(STAMPED, [[/^APOP/, '-ERR no\r\n'], ...POP]),
    sends: [
      'APOP alice cde42109d04cdfac52c3212d12ee441b\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n',
      SHORT_POP,
    ],
  },
  'pop-no-login': {
    server: lines('+OK ready\r\n', POP),
    sends: ['QUIT\r\n', 'an empty login fills the log of the server'],
  },
  'pop-no-login-refusing': {
    server: lines('-ERR go away\r\n', POP),
    sends: ['QUIT\r\n', 'a good-bye is polite'],
    result: ['down', F11],
  },
  'imap-login': {
    server: imap('OK in'),
    sends: ['a1 LOGIN "alice" "secret"\r\na2 LOGOUT\r\n', NO_EXPUNGE],
  },
  'imap-login-odd-password': {
    server: imap('OK in'),
    sends: ['a1 LOGIN "alice" "se cret"\r\na2 LOGOUT\r\n', NO_EXPUNGE],
  },
  'imap-login-wrong': {
    server: imap('NO wrong'),
    sends: ['a1 LOGIN "alice" "secret"\r\na2 LOGOUT\r\n', NO_EXPUNGE],
  },
  'imap-no-login': { server: imap(''), sends: ['a2 LOGOUT\r\n', NO_EXPUNGE] },
  'imap-bye': { server: imap('', '* BYE full\r\n'), sends: ['a2 LOGOUT\r\n', 'a good-bye is polite'] },
  'imap-preauth': { server: imap('', '* PREAUTH hi\r\n'), sends: ['a2 LOGOUT\r\n', NO_EXPUNGE] },
  nntp: { server: lines('200 news\r\n', []) },
  'nntp-no-posting': { server: lines('201 news\r\n', []) },
  'nntp-refusing': { server: lines('502 no\r\n', []) },
  'ftp-file': {
    server: ftp('all is well\n'),
    sends: [`${anonymous}RETR /pub/check\r\nQUIT\r\n`, PASSIVE],
  },
  'ftp-wrong-file': {
    server: ftp('sorry\n'),
    sends: [`${anonymous}RETR /pub/check\r\nQUIT\r\n`, PASSIVE],
  },
  'ftp-login-set': {
    server: ftp('all is well\n'),
    sends: [`${alice}${inside}RETR /check\r\nQUIT\r\n`, PASSIVE],
  },
  'ftp-wrong-password': {
    server: ftp('x', { login: '530 no\r\n' }),
    sends: [`${alice}QUIT\r\n`, 'the login was refused'],
    result: ['down', 'a refused login is a refusal, whatever the server would hand out'],
  },
  'ftp-no-receive': { server: ftp('x'), sends: ['QUIT\r\n', 'the greeting decides'] },
  'ftp-no-receive-421': {
    server: ftp('x', { greeting: '421 busy\r\n' }),
    sends: ['QUIT\r\n', 'a good-bye is polite'],
    result: ['down', F11],
  },
  'ldap-anonymous': { server: ldap(['']) },
  'ldap-base': { server: ldap(['dc=example,dc=org']) },
  'ldap-login': { server: ldap(['dc=example,dc=org']) },
  'ldap-login-only': { server: ldap(['dc=example,dc=org']) },
  'ldap-wrong-dn': { server: ldap(['dc=other']) },
  'ldap-no-entry': { server: ldap([]) },
  'ldap-two-entries': { server: ldap(['dc=a', 'dc=b']) },
  'ldap-bind-refused': { server: ldap([''], 49) },
  'dns-a-udp': { server: udp(dns([A(192, 0, 2, 7)])) },
  'dns-a-tcp': { server: () => onceServer(query => framed(dns([A(192, 0, 2, 7)])(query.subarray(2)))) },
  'dns-ptr': { server: udp(dns([PTR])) },
  'dns-ptr6': { server: udp(dns([PTR])) },
  'dns-two-answers': { server: udp(dns([A(192, 0, 2, 6), A(192, 0, 2, 7)])) },
  'dns-aaaa': { server: udp(dns([AAAA])) },
  'dns-no-receive': { server: udp(dns([A(192, 0, 2, 7)])), sends: ['', 'no answer can match'] },
  'dns-nxdomain': { server: udp(dns([], 3)) },
  'dns-servfail-with-answer': { server: udp(dns([A(192, 0, 2, 7)], 2)) },
  'sip-tcp': { server: answersOnce(SIP_OK) },
  'sip-udp': { server: udp(() => Buffer.from(SIP_OK)) },
  'sip-login': { server: answersOnce(SIP_OK) },
  'sip-404': { server: answersOnce(SIP_OK.replace('200 OK', '404 Not Found')) },
  'sip-first-line-only': { server: answersOnce('SIP/2.0 200 OK\r\n') },
  simpletcp: { server: answersOnce('hello\nPONG 1\n') },
  'simpletcp-wrong': { server: answersOnce('hello\nno\n') },
  'simpletcp-no-newline': { server: answersOnce('PONG') },
  'simpletcp-across-lines': { server: answersOnce('a\nb\n') },
  'simpletcp-no-receive': { server: answersOnce('\n') },
  'simpletcp-no-receive-nothing-said': { server: answersOnce('') },
  'simpletcp-udp': { server: udp(() => Buffer.from('PONG\n')) },
  radius: { server: udp(radius(2)), bytesElsewhere: true },
  'radius-reject': { server: udp(radius(3)), bytesElsewhere: true },
  'radius-wrong-secret': { server: udp(radius(2, 'other')), bytesElsewhere: true },
  'radius-long-password': { server: udp(radius(2)), bytesElsewhere: true },
  http_proxy: { server: answersOnce(WEB_OK) },
  'http_proxy-path': { server: answersOnce(WEB_OK) },
  'http_proxy-virtualhost': { server: answersOnce(WEB_OK) },
}

const LOGINS: Readonly<Record<string, Partial<Probe>>> = {
  ftp: { login: 'anonymous', passwd: 'ldirectord@director1' },
  sip: { login: 'ldirectord@director1' },
}

/** A request gets its leading slash where the file is read, http_proxy's complete URL stays. */
function requestOf({ request, service }: Recorded): string {
  if (request === null || request === '') return '/'
  return request.startsWith('/') || service === 'http_proxy' ? request : `/${request}`
}

const never = new AbortController().signal

for (const [name, play] of Object.entries(PLAYS)) {
  const row = recording(name)
  const differs = play.result ? ` (the original says ${row.result}: ${play.result[1]})` : ''
  const result = play.result?.[0] ?? row.result
  test(`${name} is ${result}${differs}`, async t => {
    const server = await play.server()
    const probe = probeOf({
      ...LOGINS[row.service],
      ...row.settings,
      service: row.service,
      protocol: row.protocol,
      port: server.port,
      request: requestOf(row),
      receive: row.receive ?? '',
      timeoutMs: 5_000,
    })
    const outcome = await runCheck(probe, never)
    const same = SAME[row.service] ?? (text => text)
    const wanted = play.sends?.[0] ?? row.sent ?? ''
    const sent = (): string => {
      const first = server.sent[0] ?? ''
      return typeof first === 'string' ? first : first.toString('latin1')
    }
    // The good-bye may still be on its way.
    await until(() => same(sent()).length >= same(wanted).length)
    const heard = sent()
    await server.close()
    t.is(outcome.passed, result === 'up', outcome.detail)
    if (!play.bytesElsewhere) t.is(same(heard), same(wanted))
  })
}

test('every recorded case is played', t => {
  t.deepEqual(
    recorded.map(row => row.name).filter(name => PLAYS[name] === undefined),
    [],
  )
})
