/**
 * A mail as text. Subject and body are the original's, byte for byte; Date and Message-ID, which it forgets, are added
 * when the mail leaves. Nothing from the file can break a header: line ends inside a value become blanks.
 */
import type { EmailAlertStatus, LdirectordConfig } from '../config/model.js'

/** The daemon state that stands in a mail and that emailalertstatus= selects by. */
export type DaemonStatus = Exclude<EmailAlertStatus, 'none'>

/** One thing that happened, before it is decided whether and with what else it is mailed. */
export interface MailEvent {
  readonly route: MailRoute
  readonly status: DaemonStatus
  /** The log text. */
  readonly text: string
  readonly servicename: string | null
  readonly comment: string | null
  /** Further lines of ours (emailalertdetail=yes): why, and after how long. */
  readonly details: readonly string[]
}

/** Who gets it, from whom, by which way: events with the same route may share a mail. */
export interface MailRoute {
  readonly to: string
  /** emailalertfrom=; null: the sender's own address, which sendmail fills in itself. */
  readonly from: string | null
  /** null: sendmail. */
  readonly smtp: string | null
}

/** Who speaks in the body. */
export type Sender = Pick<MailHost, 'hostname'>

export interface Mail extends MailRoute {
  readonly subject: string
  readonly body: string
}

/** The machine and the user as whom the daemon runs. */
export interface MailHost {
  readonly hostname: string
  readonly user: string
}

/** What the file says about mails for this virtual service (null: a service that is not in the file any more). */
export function mailSettings(config: LdirectordConfig, virtual: number | null) {
  const own = virtual === null ? null : config.virtuals[virtual]!
  const { emailalert: to, smtp, emailalertfreq, emailalertstatus } = own ?? config
  return {
    route: to === null ? null : { to, smtp, from: config.emailalertfrom },
    emailalertfreq,
    emailalertstatus,
    servicename: asWritten(own?.servicename),
    comment: asWritten(own?.comment),
  }
}

/** The file is read byte by byte; what its bytes say in UTF-8 is meant so. */
function asWritten(text: string | null | undefined): string | null {
  if (!text) return null
  try {
    const bytes = Uint8Array.from(text, character => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return text // another encoding: each byte is a character of Latin 1
  }
}

function subjectOf({ servicename, text }: MailEvent): string {
  return servicename ? `[${servicename}] ${text}` : text
}

/** The mail of one event. */
export function mailOf(event: MailEvent, { hostname }: Sender): Mail {
  const subject = subjectOf(event)
  const lines = [`ldirectord host: ${hostname}`, `Log-Message: ${subject}`, `Daemon-Status: ${event.status}`]
  lines.push(...event.details)
  const named = [
    ...(event.servicename ? [`Service name: ${event.servicename}`] : []),
    ...(event.comment ? [`Comment: ${event.comment}`] : []),
  ]
  if (named.length > 0) lines.push('', ...named)
  return { ...event.route, subject, body: textOf(lines) }
}

/** One mail for several events of a route; `left` more were not kept. */
export function digestOf(events: readonly MailEvent[], left: number, { hostname }: Sender): Mail {
  const [first] = events
  const number = events.length + left
  const subject = `${number} events, first: ${subjectOf(first!)}`
  const lines = [`ldirectord host: ${hostname}`, `Events: ${number}`, '']
  for (const event of events) {
    lines.push(`Log-Message: ${subjectOf(event)}`, `Daemon-Status: ${event.status}`, ...event.details)
    if (event.comment) lines.push(`Comment: ${event.comment}`)
    lines.push('')
  }
  if (left > 0) lines.push(`${left} more are in the log`)
  return { ...first!.route, subject, body: textOf(lines) }
}

const textOf = (lines: readonly string[]): string => `${lines.map(oneLine).join('\n')}\n`
const oneLine = (text: string): string => text.replace(/[\r\n\0]+/g, ' ')

/** @param atText the time in the form of RFC 5322 */
export function printMail(mail: Mail, host: MailHost, atText: string, messageId: string): string {
  const from = mail.from ?? (mail.smtp === null ? null : senderOf(host))
  const headers: [name: string, value: string][] = [
    ...(from === null ? [] : [['From', from] as [string, string]]),
    ['To', mail.to],
    ['Subject', mail.subject],
    ['Date', atText],
    ['Message-ID', `<${messageId}@${host.hostname}>`],
  ]
  if (!isAscii(mail.body)) {
    headers.push(['MIME-Version', '1.0'], ['Content-Type', 'text/plain; charset=utf-8'])
    headers.push(['Content-Transfer-Encoding', '8bit'])
  }
  const head = headers.map(([name, value]) => `${name}: ${encodedHeader(oneLine(value))}\n`).join('')
  return `${head}\n${mail.body}`
}

/** Envelope sender of SMTP, as the original gives it whatever emailalertfrom= says. */
export function senderOf({ user, hostname }: MailHost): string {
  return `${user}@${hostname}`
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)

/** RFC 2047: a header holds ASCII only; encoded words of at most 75 characters say the rest. */
function encodedHeader(value: string): string {
  if (isAscii(value)) return value
  const words: string[] = []
  let bytes: number[] = []
  const encoder = new TextEncoder()
  const finish = (): void => {
    words.push(`=?UTF-8?B?${btoa(String.fromCharCode(...bytes))}?=`)
    bytes = []
  }
  for (const character of value) {
    const next = encoder.encode(character)
    if (bytes.length + next.length > 39) finish()
    bytes.push(...next)
  }
  finish()
  return words.join('\n ')
}
