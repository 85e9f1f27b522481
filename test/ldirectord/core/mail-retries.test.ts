import test from 'ava'
import type { Mail } from '../../../src/ldirectord/core/mail.js'
import { MailRetries, RETRIES_MAX, RETRY_PAUSES_MS } from '../../../src/ldirectord/core/mail-retries.js'

const MAIL: Mail = { to: 'a@b, c@d', from: null, smtp: '127.0.0.1', subject: 'Deleted', body: '' }

test('a mail is tried again after one, five and twenty-five minutes, and then given up', t => {
  const retries = new MailRetries()
  let mail = MAIL
  let nowMs = 0
  for (const pauseMs of [60_000, 300_000, 1_500_000]) {
    t.is(retries.failed(mail, mail.to, nowMs), pauseMs)
    t.deepEqual(retries.due(nowMs + pauseMs - 1), [])
    nowMs += pauseMs
    const due = retries.due(nowMs)
    t.deepEqual(due, [MAIL])
    mail = due[0]!
  }
  t.is(retries.failed(mail, mail.to, nowMs), null)
  t.deepEqual(retries.flush(), [])
})

test('only those who did not get it are tried again, and what is refused for good is not', t => {
  const retries = new MailRetries()
  retries.failed(MAIL, 'c@d', 0)
  t.is(retries.failed(MAIL, '', 0), null)
  t.deepEqual(
    retries.flush().map(({ to }) => to),
    ['c@d'],
  )
})

test('what waits has a limit', t => {
  const retries = new MailRetries()
  for (let n = 0; n < RETRIES_MAX; n++) t.is(retries.failed({ ...MAIL }, 'a@b', n), RETRY_PAUSES_MS[0]!)
  t.is(retries.failed({ ...MAIL }, 'a@b', 0), null)
  t.is(retries.flush().length, RETRIES_MAX)
})
