/** Subjects and bodies as ldirectord 4.12 sent them (oracle case 13, and traces of it with other settings). */
import { readFileSync } from 'node:fs'
import test from 'ava'
import {
  detailsOf,
  durationText,
  isOursToMail,
  mailEvent,
} from '../../../src/ldirectord/core/alert-events.js'
import { Director } from '../../../src/ldirectord/core/director.js'
import { digestOf, type MailEvent, mailOf, printMail } from '../../../src/ldirectord/core/mail.js'
import { config, real, virtual } from '../sample-config.js'

const HOST = { hostname: 'director1', user: 'root' }
const AT = 'Sat, 21 Nov 2026 02:11:42 +0000'
const QUIESCENT = 'Quiescent real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 0)'

const shop = (over: Parameters<typeof virtual>[2] = {}, globals: Parameters<typeof config>[1] = {}) =>
  config(
    [
      virtual('127.0.1.1:80', [real('127.0.2.1:80'), real('127.0.2.2:80')], {
        emailalert: 'ops@example.com',
        emailalertstatus: ['running'],
        smtp: '127.0.0.25',
        ...over,
      }),
    ],
    { emailalertfrom: 'ldirectord@example.com', ...globals },
  )

function event(file = shop(), text = QUIESCENT): MailEvent {
  const made = mailEvent(file, 0, text, 'running', () => [])
  if (made === null) throw new Error('no mail')
  return made
}

const RECORDED = 'test/peers/rig/ldirectord-oracle/cases/13-email/expected.json'

test('From, To, Subject and body are those of the recorded mail', t => {
  const { mails } = JSON.parse(readFileSync(RECORDED, 'utf8')) as { mails: { data: string }[] }
  const recorded = mails.find(({ data }) => /Quiescent/.test(data) && /running/.test(data))!.data
  const file = shop({ servicename: 'Shop', comment: 'ask for the shop team' })
  const printed = printMail(mailOf(event(file), HOST), HOST, AT, 'id')
  t.is(printed.replace(/^Date: .*\nMessage-ID: .*\n/m, ''), recorded)
  t.regex(printed, /^Date: Sat, 21 Nov 2026 02:11:42 \+0000\nMessage-ID: <id@director1>\n/m)
})

test('without emailalertfrom SMTP gets USER@HOST and sendmail no From at all, as the original', t => {
  const from = (smtp: string | null): string[] =>
    printMail(mailOf(event(shop({ smtp }, { emailalertfrom: null })), HOST), HOST, AT, 'id')
      .split('\n')
      .filter(line => line.startsWith('From:'))
  t.deepEqual(from('127.0.0.25'), ['From: root@director1'])
  t.deepEqual(from(null), [])
})

test('emailalertstatus selects by the state of the daemon, and no emailalert means no mail', t => {
  const file = shop({ emailalertstatus: ['running', 'stopping'] })
  const sent = (['starting', 'running', 'stopping', 'reloading'] as const).filter(
    status => mailEvent(file, 0, QUIESCENT, status, () => []) !== null,
  )
  t.deepEqual(sent, ['running', 'stopping'])
  t.is(
    mailEvent(shop({ emailalert: null }), 0, QUIESCENT, 'running', () => []),
    null,
  )
})

test('a service that has left the file is mailed by the global settings', t => {
  const file = shop({}, { emailalert: 'all@example.com', emailalertstatus: ['reloading'], smtp: null })
  const made = mailEvent(
    file,
    null,
    'Purged real server (start): 1.2.3.4:80 (1.2.3.5:80)',
    'reloading',
    () => [],
  )
  t.deepEqual(made?.route, { to: 'all@example.com', from: 'ldirectord@example.com', smtp: null })
})

test('no value of the file can add a header or a line of its own', t => {
  const file = shop({ servicename: 'x\nBcc: evil@example.com', comment: 'a\r\n.\r\nb' })
  const printed = printMail(mailOf(event(file), HOST), HOST, AT, 'id')
  t.notRegex(printed, /^Bcc:/m)
  t.notRegex(printed, /^\.$/m)
})

test('bytes of the file that are UTF-8 are mailed so, in the subject as encoded words', t => {
  const servicename = Buffer.from('Größe', 'utf8').toString('latin1')
  const printed = printMail(mailOf(event(shop({ servicename })), HOST), HOST, AT, 'id')
  const [head, body] = printed.split('\n\n') as [string, string]
  t.notRegex(head, /[^\0-\x7f]/)
  const words = [...head.matchAll(/=\?UTF-8\?B\?([^?]+)\?=/g)].map(match => Buffer.from(match[1]!, 'base64'))
  t.is(Buffer.concat(words).toString('utf8'), `[Größe] ${QUIESCENT}`)
  t.true(head.split('\n').every(line => line.length <= 76))
  t.regex(head, /charset=utf-8/)
  t.regex(body, /Log-Message: \[Größe\]/)
})

test('the mails of a file never hold its passwords', t => {
  const secrets = { login: 'login-7c1', passwd: 'passwd-7c1', secret: 'secret-7c1', request: 'request-7c1' }
  const printed = printMail(mailOf(event(shop(secrets)), HOST), HOST, AT, 'id')
  t.notRegex(printed, /7c1/)
})

test('with emailalertdetail a recovery says how long the server was down and a failure why', t => {
  const file = shop({}, { emailalertdetail: true })
  const director = new Director(file, { adopted: [{ virtual: 0, real: 0 }] }, 0)
  const targets = [{ virtual: 0, real: 0 }]
  const check = (isUp: boolean, atMs: number) =>
    director.step(
      {
        kind: 'checked',
        targets,
        outcome: isUp
          ? { passed: true, code: 'OK', detail: '200 OK' }
          : { passed: false, code: 'L4CON', detail: 'connection refused' },
        durationMs: 1,
      },
      atMs,
    )
  const edit = {
    kind: 'editDestination',
    key: { protocol: 'tcp', family: 4, address: '127.0.1.1', port: 80 },
    destination: { address: '127.0.2.1', port: 80, method: 'gate', weight: 0, upper: 0, lower: 0 },
  } as const
  check(false, 1_000)
  t.deepEqual(detailsOf(file, director, 0, edit), ['Reason: connection refused'])
  check(true, 191_000)
  t.deepEqual(detailsOf(file, director, 0, edit), ['Reason: 200 OK', 'Was down for: 3 min 10 s'])
  t.deepEqual(mailEvent(shop(), 0, QUIESCENT, 'running', () => ['Reason: x'])?.details, [], 'off unless set')
})

test('with emailalertowner only the director that has the address mails; without it both do', t => {
  const [here, elsewhere] = [() => new Set(['127.0.1.1']), () => new Set(['127.0.1.2'])]
  t.true(isOursToMail(shop(), 0, elsewhere))
  const listed = (): never => t.fail('listed for every edit, addresses take most of a takeover') as never
  t.true(isOursToMail(shop(), 0, listed))
  const file = shop({}, { emailalertowner: true })
  t.true(isOursToMail(file, 0, here))
  t.false(isOursToMail(file, 0, elsewhere))
  t.false(isOursToMail(file, null, elsewhere), 'a service that is gone: any address of the file')
  const mark = shop({ key: { protocol: 'fwm', family: 4, mark: 5 } }, { emailalertowner: true })
  t.true(isOursToMail(mark, 0, elsewhere), 'nobody can tell whose a lone mark is')
})

test('durations are told in the two units that matter', t => {
  t.deepEqual([0, 59_400, 60_000, 7_500_000, 349_200_000].map(durationText), [
    '0 s',
    '59 s',
    '1 min',
    '2 h 5 min',
    '4 d 1 h',
  ])
})

test('a digest lists every event and how many it left out', t => {
  const digest = digestOf([event(), event(shop(), 'Restored')], 3, HOST)
  t.is(digest.subject, `5 events, first: ${QUIESCENT}`)
  t.is(digest.body.match(/^Log-Message: /gm)?.length, 2)
  t.regex(digest.body, /^3 more are in the log$/m)
})
