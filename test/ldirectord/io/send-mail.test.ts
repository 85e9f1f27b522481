import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Mail } from '../../../src/ldirectord/core/mail.js'
import { type Sending, sendMail } from '../../../src/ldirectord/io/send-mail.js'
import { temporaryFolder } from '../../temporary-folder.js'

const HOST = { hostname: 'director1', user: 'root' }
const SENDING = { host: HOST, atText: 'Sat, 21 Nov 2026 02:11:42 +0000', messageId: 'id' }
const MAIL: Mail = {
  to: 'ops@example.com, two@example.com',
  from: 'Lvs Box <l@example.com>',
  smtp: '127.0.0.1',
  subject: 'Quiescent real server',
  body: `ldirectord host: director1\n.hidden\nLog-Message: ${'x'.repeat(100)}\n`,
}

async function mailServer(t: ExecutionContext, options: SMTPServerOptions = {}) {
  const got: { from: string; to: string[]; text: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    onData(stream, session, done) {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', part => {
        text += part
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        got.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address), text })
        done()
      })
    },
    ...options,
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>(resolve => server.close(() => resolve())))
  const address = server.server.address()
  return { got, port: typeof address === 'object' && address ? address.port : 0 }
}

async function sendmailOf(t: ExecutionContext, script: string) {
  const folder = temporaryFolder(t)
  const program = join(folder, 'sendmail')
  await writeFile(program, `#!/bin/sh\n${script.replaceAll('FOLDER', folder)}\n`)
  await chmod(program, 0o755)
  return { folder, sending: { ...SENDING, sendmail: ['/nonexistent/sendmail', program] } satisfies Sending }
}

test('by SMTP each address is a recipient of its own, and the text arrives as it is', async t => {
  const { got, port } = await mailServer(t)
  t.is(await sendMail(MAIL, { ...SENDING, port }), null)
  t.deepEqual(got[0]!.to, ['ops@example.com', 'two@example.com'])
  t.is(got[0]!.from, 'root@director1')
  t.regex(got[0]!.text, /^From: Lvs Box <l@example.com>\r\nTo: ops@example.com, two@example.com\r\n/)
  t.true(got[0]!.text.includes(`\r\n\r\n${MAIL.body.replaceAll('\n', '\r\n')}`))
})

test('a recipient that is refused is told, and the others get the mail', async t => {
  const { got, port } = await mailServer(t, {
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('two') ? new Error('no such user') : null),
  })
  const unsent = await sendMail(MAIL, { ...SENDING, port })
  t.regex(unsent!.why, /refuses two@example\.com/)
  t.is(unsent!.again, '', 'refused for good')
  t.deepEqual(got[0]!.to, ['ops@example.com'])
})

test('who is refused for now alone is worth another try, and so are all when nobody answers the mail', async t => {
  const busy = Object.assign(new Error('greylisted'), { responseCode: 451 })
  const { port } = await mailServer(t, {
    onRcptTo: ({ address }, _session, done) => done(address.startsWith('two') ? busy : null),
  })
  t.is((await sendMail(MAIL, { ...SENDING, port }))!.again, 'two@example.com')
  const { port: full } = await mailServer(t, { onMailFrom: (_from, _session, done) => done(busy) })
  t.is((await sendMail(MAIL, { ...SENDING, port: full }))!.again, MAIL.to)
})

test('a server that asks for TLS with any certificate still gets the mail in plain text, as from the original', async t => {
  const { got, port } = await mailServer(t, { hideSTARTTLS: false })
  t.is(await sendMail(MAIL, { ...SENDING, port }), null)
  t.is(got.length, 1)
})

test('a server that is not there is one sentence', async t => {
  const closed = createServer()
  await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as { port: number }
  await new Promise(resolve => closed.close(resolve))
  t.regex((await sendMail(MAIL, { ...SENDING, port }))!.why, /^127\.0\.0\.1: .*ECONNREFUSED/)
})

test('sendmail gets -t alone and the whole mail on its standard input', async t => {
  const { folder, sending } = await sendmailOf(t, 'echo "$@" > FOLDER/args; cat > FOLDER/mail')
  t.is(await sendMail({ ...MAIL, smtp: null, from: null }, sending), null)
  t.is(await readFile(join(folder, 'args'), 'utf8'), '-t\n')
  const text = await readFile(join(folder, 'mail'), 'utf8')
  t.regex(text, /^To: ops@example\.com, two@example\.com\nSubject: Quiescent real server\n/)
  t.true(text.endsWith(`\n\n${MAIL.body}`))
})

test('a sendmail that fails, and none at all, are each one sentence', async t => {
  const { sending } = await sendmailOf(t, 'cat > /dev/null; exit 75')
  const unsent = await sendMail({ ...MAIL, smtp: null }, sending)
  t.regex(unsent!.why, /sendmail: exit status 75$/)
  t.is(unsent!.again, MAIL.to, 'EX_TEMPFAIL')
  const none = await sendMail({ ...MAIL, smtp: null }, { ...SENDING, sendmail: ['/nonexistent/sendmail'] })
  t.regex(none!.why, /^there is no sendmail/)
})
