/** Sends one mail: by SMTP to the server that the file names, else through sendmail, each with a deadline. */
import { accessSync, constants } from 'node:fs'
import nodemailer from 'nodemailer'
import { runCommand } from '../../base/io/run-command.js'
import { type Mail, type MailHost, printMail, senderOf } from '../core/mail.js'

const SMTP_PORT = 25
const CONNECT_MS_MAX = 10_000
const SILENCE_MS_MAX = 20_000
const SENDMAIL_MS_MAX = 40_000
const SENDMAIL_PLACES: readonly string[] = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail']

export interface Sending {
  readonly host: MailHost
  readonly atText: string
  readonly messageId: string
  /** For tests: another port than that of SMTP, other places of sendmail. */
  readonly port?: number
  readonly sendmail?: readonly string[]
}

/** null: sent; else one sentence that says why not. */
export function sendMail(mail: Mail, sending: Sending): Promise<string | null> {
  const text = printMail(mail, sending.host, sending.atText, sending.messageId)
  return mail.smtp === null ? bySendmail(text, sending) : bySmtp(mail, mail.smtp, text, sending)
}

async function bySmtp(
  mail: Mail,
  server: string,
  text: string,
  { host, port }: Sending,
): Promise<string | null> {
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
    return refused.length === 0 ? null : `${server} refuses ${refused.join(', ')}`
  } catch (error) {
    return `${server}: ${(error as Error).message}`
  } finally {
    transport.close()
  }
}

async function bySendmail(text: string, { sendmail = SENDMAIL_PLACES }: Sending): Promise<string | null> {
  const program = sendmail.find(isExecutable)
  if (program === undefined) return `there is no sendmail (looked for ${sendmail.join(', ')})`
  // -t: it takes the recipients from the text; nothing of the file stands in its arguments.
  const result = await runCommand(program, ['-t'], { timeoutMs: SENDMAIL_MS_MAX, input: text })
  if (result.exitCode === 0) return null
  const why = result.timedOut
    ? `no end within ${SENDMAIL_MS_MAX / 1000} s`
    : (result.spawnError ?? `exit status ${result.exitCode ?? result.signal}`)
  return `${program}: ${why}`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
