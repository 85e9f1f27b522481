/** The queue before the mail process, with small programs in its place. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Mail } from '../../../../../src/ldirectord/core/mail.js'
import { MAILS_MAX, Mailer } from '../../../../../src/ldirectord/io/mailer.js'
import { temporaryFolder } from '../../../../temporary-folder.js'
import { until } from '../../until.js'

const mail = (subject: string): Mail => ({ to: 'a@b', from: null, smtp: '127.0.0.1', subject, body: '' })

/** A mail process of our own: for each line it runs `body`, with the mail as `mail` and answers by `say`. */
async function mailerOf(t: ExecutionContext, body: string) {
  const folder = temporaryFolder(t)
  const program = join(folder, 'program.cjs')
  await writeFile(
    program,
    `const { appendFileSync } = require('node:fs')
    const note = text => appendFileSync(${JSON.stringify(join(folder, 'notes'))}, text + '\\n')
    const say = text => process.stdout.write(text + '\\n')
    require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
      const mail = JSON.parse(line)
      ${body}
    })`,
  )
  const failures: string[] = []
  const mailer = new Mailer({
    command: [process.execPath, program],
    onFailure: sentence => failures.push(sentence),
  })
  const notes = async () => (await readFile(join(folder, 'notes'), 'utf8')).trim().split('\n')
  return { mailer, failures, notes }
}

test('mails leave in order, through one process', async t => {
  const { mailer, failures, notes } = await mailerOf(t, 'note(process.pid + " " + mail.subject); say("")')
  for (const subject of ['a', 'b', 'c']) mailer.send(mail(subject))
  await mailer.close()
  const lines = (await notes()).map(line => line.split(' '))
  t.deepEqual(
    lines.map(line => line[1]),
    ['a', 'b', 'c'],
  )
  t.is(new Set(lines.map(line => line[0])).size, 1)
  t.deepEqual(failures, [])
})

test('what cannot be sent is told with the words of the original, and the next mail is sent', async t => {
  const { mailer, failures, notes } = await mailerOf(
    t,
    'if (mail.subject === "bad") return say(\'{"why":"127.0.0.1: refused","again":""}\'); note(mail.subject); say("")',
  )
  mailer.send(mail('bad'))
  mailer.send(mail('good'))
  await mailer.close()
  t.deepEqual(failures, ['failed to send SMTP email message: 127.0.0.1: refused'])
  t.deepEqual(await notes(), ['good'])
})

test('a mail that fails for now is tried again, at the latest at the end', async t => {
  const { mailer, failures, notes } = await mailerOf(
    t,
    `if (globalThis.hasFailed) { note(mail.to); say("") }
    else { globalThis.hasFailed = true; say('{"why":"busy","again":"c@d"}') }`,
  )
  mailer.send(mail('a'))
  await until(() => failures.length > 0)
  t.deepEqual(failures, ['failed to send SMTP email message: busy; next try in 60 s'])
  await mailer.close()
  t.deepEqual(await notes(), ['c@d'])
})

test('a process that dies costs one mail', async t => {
  const { mailer, failures, notes } = await mailerOf(
    t,
    'if (mail.subject === "bad") process.exit(3); note(mail.subject); say("")',
  )
  mailer.send(mail('bad'))
  mailer.send(mail('good'))
  await mailer.close()
  t.deepEqual(failures, ['failed to send SMTP email message: its process ended (3)'])
  t.deepEqual(await notes(), ['good'])
})

test('a program that is not there is told for each mail, and the daemon goes on', async t => {
  const failures: string[] = []
  const mailer = new Mailer({ command: ['/nonexistent/node'], onFailure: line => failures.push(line) })
  mailer.send(mail('a'))
  mailer.send(mail('b'))
  await mailer.close()
  t.is(failures.length, 2)
  t.regex(failures[0]!, /ENOENT/)
})

test('more mails than the queue holds are left out and told once', async t => {
  const { mailer, failures } = await mailerOf(t, 'say("")')
  for (let n = 0; n < MAILS_MAX + 10; n++) mailer.send(mail(`${n}`))
  t.deepEqual(failures, [`mails are left out: ${MAILS_MAX} wait already`])
  await mailer.close()
})
