/** Mails about changes of the table and about servers that stay down: core/ decides what is mailed, Mailer sends it. */
import { hostname, networkInterfaces } from 'node:os'
import { nowMs } from '../../base/io/real-clock.js'
import type { Log } from '../../log/record.js'
import type { LdirectordConfig } from '../config/model.js'
import { canonicalAddress } from '../core/address.js'
import { detailsOf, isOursToMail, mailEvent } from '../core/alert-events.js'
import type { Director } from '../core/director.js'
import type { EditLine } from '../core/edit-lines.js'
import type { DaemonStatus, MailEvent } from '../core/mail.js'
import { MailGate } from '../core/mail-gate.js'
import { Repeats } from '../core/repeats.js'
import type { Edit } from '../core/table.js'
import { emailAlert } from '../log-lines.js'
import { Mailer } from './mailer.js'

/** The file in use, and what is known of its servers. */
export interface AlertSource {
  readonly config: LdirectordConfig
  readonly director: Director
}

export class Alerts {
  readonly #log: Log
  readonly #mailer: Mailer
  readonly #gate = new MailGate({ hostname: hostname() })
  readonly #repeats = new Repeats()

  constructor(mailCommand: readonly string[], log: Log) {
    this.#log = log
    this.#mailer = new Mailer({ command: mailCommand, onFailure: sentence => log('ERROR', sentence) })
  }

  use({ emailalertgroup, emailalertlimit }: LdirectordConfig): void {
    this.#gate.limits = { groupMs: emailalertgroup * 1000, perHour: emailalertlimit }
  }

  /** Mails that failed and are due again; also when the table is not ours any more. */
  retry(): void {
    this.#mailer.tick()
  }

  edited({ config, director }: AlertSource, edit: Edit, line: EditLine, status: DaemonStatus): void {
    if (line.alert === null) return
    const details = (): readonly string[] => detailsOf(config, director, line.virtual, edit)
    const event = mailEvent(config, line.virtual, line.alert, status, details)
    if (event !== null && isOursToMail(config, line.virtual, localAddresses)) this.#tell(event, line.text)
  }

  /** Time has passed: repeats that are due, groups and digests that are complete. */
  tick({ config, director }: AlertSource): void {
    for (const { target, text } of this.#repeats.due(config, director, nowMs())) {
      const details = (): readonly string[] => [`Reason: ${director.state(target).because}`]
      const event = mailEvent(config, target.virtual, text, 'running', details)
      if (event !== null && isOursToMail(config, target.virtual, localAddresses)) this.#tell(event, text)
    }
    for (const mail of this.#gate.tick(nowMs())) this.#mailer.send(mail)
  }

  /** Nothing is kept back: the table is not ours any more, or the daemon ends. */
  flush(): void {
    for (const mail of this.#gate.flush()) this.#mailer.send(mail)
  }

  async close(): Promise<void> {
    this.flush()
    await this.#mailer.close()
  }

  #tell(event: MailEvent, logText: string): void {
    this.#log('info', emailAlert(logText))
    for (const mail of this.#gate.add(event, nowMs())) this.#mailer.send(mail)
  }
}

function localAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  return new Set(all.map(({ address }) => canonicalAddress(address)))
}
