/**
 * The process that sends ldirectord's mails; started by it when there is one. A line of JSON in is a mail, a line out
 * is what came of it (empty: sent, else an object); it ends with its input.
 */
import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { createInterface } from 'node:readline'
import type { Mail } from '../../ldirectord/core/mail.js'
import { sendMail } from '../../ldirectord/io/send-mail.js'

/** Also when nobody reads the answers any more: mails that wait are given this long after the daemon has gone. */
const LIFE_MS_MAX = 3_600_000

function nameOfUser(): string {
  try {
    return userInfo().username
  } catch {
    return 'root' // a user without a name; the envelope needs one
  }
}

/** `Sat, 21 Nov 2026 02:04:04 +0000`: RFC 5322 knows GMT only as a number. */
const dateText = (): string => new Date().toUTCString().replace('GMT', '+0000')

async function work(): Promise<void> {
  const host = { hostname: hostname(), user: nameOfUser() }
  process.stdout.on('error', () => {}) // the daemon may have gone; its mails are sent all the same
  for await (const line of createInterface({ input: process.stdin })) {
    const unsent = await sendMail(JSON.parse(line) as Mail, {
      host,
      atText: dateText(),
      messageId: randomUUID(),
    })
    process.stdout.write(unsent === null ? '\n' : `${JSON.stringify(unsent)}\n`)
  }
}

process.title = 'ldirectord-mail'
setTimeout(() => process.exit(1), LIFE_MS_MAX).unref()
void work()
