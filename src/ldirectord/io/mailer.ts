/**
 * Hands mails to a process of its own (src/cli/daemons/ldirectord-mail.ts): started when there is a mail, one mail at a
 * time, ended when it has been idle for a while. So neither a mail server that hangs nor the mail library can delay,
 * enlarge or end the daemon; what the daemon holds is a queue with a limit.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { BoundedQueue } from '../../base/bounded-queue.js'
import { nowMs } from '../../base/io/real-clock.js'
import type { Mail } from '../core/mail.js'
import { MailRetries } from '../core/mail-retries.js'
import type { Unsent } from './send-mail.js'

export const MAILS_MAX = 1_000
const IDLE_MS = 5_000
/** One mail; the process gives up earlier by itself. */
const MAIL_MS_MAX = 60_000
const STOP_MS_MAX = 3_000

export interface MailerOptions {
  /** The program that sends: a command and its first arguments. */
  readonly command: readonly string[]
  readonly onFailure: (sentence: string) => void
}

export class Mailer {
  readonly #options: MailerOptions
  readonly #queue = new BoundedQueue<Mail>(MAILS_MAX)
  readonly #retries = new MailRetries()
  #child: ChildProcess | null = null
  #current: Mail | null = null
  #timer: NodeJS.Timeout | null = null
  #isOverflowing = false
  #isClosing = false
  #onIdle: () => void = () => {}

  constructor(options: MailerOptions) {
    this.#options = options
  }

  send(mail: Mail): void {
    if (!this.#queue.push(mail)) {
      if (!this.#isOverflowing) this.#options.onFailure(`mails are left out: ${MAILS_MAX} wait already`)
      this.#isOverflowing = true
      return
    }
    this.#isOverflowing = false
    if (this.#current === null) this.#next()
  }

  /** Time has passed: mails that failed and are due again. */
  tick(): void {
    for (const mail of this.#retries.due(nowMs())) this.send(mail)
  }

  /** Gives the mails that wait a moment; what is left then is finished by the process alone. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const mail of this.#retries.flush()) this.send(mail)
    if (this.#current !== null) {
      let late: NodeJS.Timeout | undefined
      const idle = new Promise<void>(resolve => {
        this.#onIdle = resolve
        late = setTimeout(resolve, STOP_MS_MAX)
      })
      await idle
      clearTimeout(late)
    }
    const child = this.#child
    this.#stopTimer()
    if (child === null) return
    for (let mail = this.#queue.shift(); mail !== undefined; mail = this.#queue.shift())
      child.stdin!.write(`${JSON.stringify(mail)}\n`)
    child.stdin!.end()
    child.removeAllListeners()
    child.stdout!.destroy()
    child.unref()
    this.#child = null
  }

  #next(): void {
    const mail = this.#queue.shift()
    this.#stopTimer()
    if (mail === undefined) {
      this.#current = null
      this.#onIdle()
      // With its input at an end the process ends by itself.
      this.#timer = setTimeout(() => this.#dismiss(), IDLE_MS)
      this.#timer.unref()
      return
    }
    this.#current = mail
    this.#timer = setTimeout(() => this.#child?.kill('SIGKILL'), MAIL_MS_MAX)
    this.#child ??= this.#start()
    this.#child.stdin!.write(`${JSON.stringify(mail)}\n`)
  }

  #start(): ChildProcess {
    const [program, ...args] = this.#options.command
    const child = spawn(program!, args, { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.on('error', () => {}) // its end is heard by 'exit'
    createInterface({ input: child.stdout }).on('line', line => this.#answered(child, line))
    child.on('error', error => this.#lost(child, error.message))
    child.on('exit', (status, signal) => this.#lost(child, `its process ended (${signal ?? status})`))
    return child
  }

  /** One line for each mail: empty when it was sent. */
  #answered(child: ChildProcess, line: string): void {
    if (child !== this.#child || this.#current === null) return
    if (line !== '') this.#failed(JSON.parse(line) as Unsent)
    this.#next()
  }

  #lost(child: ChildProcess, why: string): void {
    if (child !== this.#child) return
    this.#child = null
    if (this.#current === null) return
    this.#failed({ why, again: this.#current.to })
    this.#next()
  }

  #failed({ why, again }: Unsent): void {
    const mail = this.#current
    if (mail === null) return
    const way = mail.smtp === null ? 'failed to send email message' : 'failed to send SMTP email message'
    const pauseMs = this.#retries.failed(mail, this.#isClosing ? '' : again, nowMs())
    const next = pauseMs === null ? '' : `; next try in ${pauseMs / 1000} s`
    this.#options.onFailure(`${way}: ${why}${next}`)
  }

  #dismiss(): void {
    this.#child?.stdin?.end()
    this.#child = null
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
