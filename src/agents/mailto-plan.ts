/**
 * The mail of MailTo as text for `sendmail -t`. Subjects are those of the original, because filters sort by them.
 * Recipients and subject come from haresources and stand in header lines: nothing in them may end a line.
 */

export interface MailWorld {
  readonly node: string
  /** As date(1) prints it in the C locale, such as `Sat Nov 21 04:40:04 UTC 2026`. */
  readonly date: string
}

export interface MailPlan {
  readonly recipients: readonly string[]
  readonly subject: string
  readonly mail: string
}

/** A user of this machine, or user@domain; a leading "-" would be an option of some mailers. */
const RECIPIENT =
  /^[A-Za-z0-9_.!#$%&'*/=?^`{|}~+][A-Za-z0-9_.!#$%&'*/=?^`{|}~+-]{0,63}(?:@[A-Za-z0-9.-]{1,253})?$/
const RECIPIENTS_MAX = 50

export function parseRecipients(text: string): readonly string[] | { readonly problem: string } {
  const recipients = text.split(/[\s,]+/).filter(word => word !== '')
  if (recipients.length === 0) return { problem: 'At least 1 Email address has to be given!' }
  if (recipients.length > RECIPIENTS_MAX) {
    return { problem: `MailTo wants at most ${RECIPIENTS_MAX} recipients; found ${recipients.length}` }
  }
  const wrong = recipients.find(word => !RECIPIENT.test(word))
  return wrong === undefined
    ? recipients
    : { problem: `MailTo wants addresses such as root or ops@example.org; found "${wrong}"` }
}

/** Header text: one line, in encoded words of at most 75 characters (RFC 2047) where it is not plain ASCII. */
export function headerText(text: string): string {
  const line = [...text].map(char => (/\p{Cc}/u.test(char) ? ' ' : char)).join('')
  if (/^[\x20-\x7e]*$/.test(line)) return line
  const words: string[] = []
  let word = ''
  for (const char of line) {
    if (Buffer.byteLength(word + char) > 45) {
      words.push(word)
      word = ''
    }
    word += char
  }
  return [...words, word].map(part => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\n ')
}

export function planMail(
  recipients: readonly string[],
  subject: string,
  action: 'start' | 'stop',
  world: MailWorld,
): MailPlan {
  const happening =
    action === 'start'
      ? `Takeover in progress at ${world.date} on ${world.node}`
      : `Migrating resource away at ${world.date} from ${world.node}`
  const line = `${subject} ${happening}`
  const mail = [
    `To: ${recipients.join(',\n ')}`,
    `Subject: ${headerText(line)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: 8bit',
    'Auto-Submitted: auto-generated',
    '',
    line.replaceAll(/\p{Cc}/gu, ' '),
    '',
    `Resource MailTo, action ${action}.`,
    '',
  ]
  return { recipients, subject: line, mail: mail.join('\n') }
}
