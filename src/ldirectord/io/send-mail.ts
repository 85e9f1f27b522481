/** Sends one mail: by SMTP to the server that the file names, else through sendmail, each with a deadline. */
import { accessSync, constants } from 'node:fs'
import nodemailer from 'nodemailer'
import { runCommand } from '../../base/io/run-command.js'
import { type Mail, type MailHost, printMail, senderOf } from '../core/mail.js'

const SMTP_PORT = 25
const CONNECT_MS_MAX = 10_000
const SILENCE_MS_MAX = 20_000
const SENDMAIL_MS_MAX = 40_000
/** sysexits.h: usage, data, no input, no such user, no such host. */
const FOR_GOOD: readonly number[] = [64, 65, 66, 67, 68]
const SENDMAIL_PLACES: readonly string[] = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail']

export interface Sending {
  readonly host: MailHost
  readonly atText: string
  readonly messageId: string
  /** For tests: another port than that of SMTP, other places of sendmail. */
  readonly port?: number
  readonly sendmail?: readonly string[]
}

/** A mail that did not reach all its recipients. */
export interface Unsent {
  /** One sentence. */
  readonly why: string
  /** Those for whom another try may succeed; '' when it cannot. */
  readonly again: string
}

/** null: sent. */
export function sendMail(mail: Mail, sending: Sending): Promise<Unsent | null> {
  const text = printMail(mail, sending.host, sending.atText, sending.messageId)
  return mail.smtp === null ? bySendmail(mail, text, sending) : bySmtp(mail, mail.smtp, text, sending)
}

async function bySmtp(
  mail: Mail,
  server: string,
  text: string,
  { host, port }: Sending,
): Promise<Unsent | null> {
  const transport = nodemailer.createTransport({
    host: server,
    port: port ?? SMTP_PORT,
    secure: false,
    // As the original: plain SMTP, so that a relay with an invalid certificate still takes the alert.
    ignoreTLS: true,
    name: host.hostname,
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    const report = await transport.sendMail({ envelope: { from: senderOf(host), to: mail.to }, raw: text })
    const refused = report.rejected.map(String)
    if (refused.length === 0) return null
    const later = (report.rejectedErrors ?? []).filter(isForNow).map(({ recipient }) => recipient)
    return { why: `${server} refuses ${refused.join(', ')}`, again: later.join(', ') }
  } catch (error) {
    const why = `${server}: ${(error as Error).message}`
    return { why, again: isForNow(error as SmtpError) ? mail.to : '' }
  } finally {
    transport.close()
  }
}

interface SmtpError {
  readonly responseCode?: number | undefined
}

/** RFC 5321: 5yz is for good; everything else, a connection that failed too, may be otherwise later. */
function isForNow({ responseCode }: SmtpError): boolean {
  return responseCode === undefined || responseCode < 500
}

async function bySendmail(
  mail: Mail,
  text: string,
  { sendmail = SENDMAIL_PLACES }: Sending,
): Promise<Unsent | null> {
  const program = sendmail.find(isExecutable)
  if (program === undefined)
    return { why: `there is no sendmail (looked for ${sendmail.join(', ')})`, again: '' }
  // -t: it takes the recipients from the text; nothing of the file stands in its arguments.
  const result = await runCommand(program, ['-t'], { timeoutMs: SENDMAIL_MS_MAX, input: text })
  if (result.exitCode === 0) return null
  const why = result.timedOut
    ? `no end within ${SENDMAIL_MS_MAX / 1000} s`
    : (result.spawnError ?? `exit status ${result.exitCode ?? result.signal}`)
  const isForGood = result.exitCode !== null && FOR_GOOD.includes(result.exitCode)
  return { why: `${program}: ${why}`, again: isForGood ? '' : mail.to }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
