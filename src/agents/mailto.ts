/**
 * The agent MailTo: a mail when a group starts here and when it leaves. A mail that cannot be sent never keeps a
 * group from moving; one warning says so.
 */
import { hostname } from 'node:os'
import { runCommand } from '../base/io/run-command.js'
import type { AgentContext, AgentOutcome } from './agent.js'
import { type MailPlan, parseRecipients, planMail } from './mailto-plan.js'
import { commandFault, failedWith, OCF_EXIT, succeeded } from './outcome.js'
import { standardAgent } from './standard.js'
import { stateFile } from './state-file.js'

const DEFAULT_SUBJECT = 'Resource Group'
const SEND_TIMEOUT_MS = 10_000
const MAILERS = ['sendmail', '/usr/sbin/sendmail', '/usr/lib/sendmail']

/** As date(1) in the C locale prints the time of this machine. */
function dateText(now: Date): string {
  const [, weekday, month, day, year] = /^(\w+) (\w+) (\d+) (\d+)$/.exec(now.toDateString()) ?? []
  const time = now.toTimeString().slice(0, 8)
  const zone = new Intl.DateTimeFormat('en', { timeZoneName: 'short' })
    .formatToParts(now)
    .find(part => part.type === 'timeZoneName')?.value
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${zone ?? 'UTC'} ${year}`
}

/** Why the mail is not on its way, or null. */
async function send(plan: MailPlan, context: AgentContext): Promise<string | null> {
  for (const mailer of MAILERS) {
    const result = await runCommand(mailer, ['-t', '-i'], {
      timeoutMs: SEND_TIMEOUT_MS,
      env: context.env,
      signal: context.signal,
      input: plan.mail,
    })
    if (result.spawnError !== 'ENOENT') return commandFault(result)
  }
  return 'there is no /usr/sbin/sendmail: install a mailer such as nullmailer or postfix'
}

const said = (word: 'running' | 'stopped'): AgentOutcome =>
  word === 'running'
    ? { exitCode: OCF_EXIT.success, output: 'running\nINFO:  Running OK\n' }
    : { exitCode: OCF_EXIT.notRunning, output: 'stopped\nINFO:  Resource is stopped\n' }

export const mailTo = standardAgent({
  name: 'MailTo',
  usage: '<email> [<subject>]',
  summary: 'a mail to the administrator when the group starts here or leaves',
  argumentsMax: 2,
  parameters: [
    { name: 'email', isRequired: true, meaning: 'recipients, separated by commas or blanks' },
    { name: 'subject', isRequired: false, default: DEFAULT_SUBJECT, meaning: 'how the subject begins' },
  ],
  check([email = '']) {
    const recipients = parseRecipients(email)
    return 'problem' in recipients ? failedWith(OCF_EXIT.configured, recipients.problem) : null
  },
  async act([email = '', subject = DEFAULT_SUBJECT], action, context) {
    const state = stateFile(`MailTo_MailTo_${email}_${subject}`, context)
    if (action === 'status' || action === 'monitor') return said(state.isThere() ? 'running' : 'stopped')
    // A standby node that shuts down stops groups that it never held: that is no news.
    if (state.isThere() === (action === 'start')) return succeeded
    const recipients = parseRecipients(email)
    if ('problem' in recipients) {
      return action === 'stop' ? succeeded : failedWith(OCF_EXIT.configured, recipients.problem)
    }
    const world = { node: context.env.HA_CURHOST ?? hostname(), date: dateText(new Date()) }
    const fault = await send(planMail(recipients, subject, action, world), context)
    if (fault !== null) context.log('WARNING', 'MailTo', `no mail to ${recipients.join(', ')}: ${fault}`)
    const stateFault = action === 'start' ? state.put() : state.remove()
    return stateFault === null ? succeeded : failedWith(OCF_EXIT.generic, stateFault)
  },
})
