/**
 * Mail that cannot storm. Unless the file sets a limit every event is a mail of its own, at once, as in the original.
 * emailalertgroup=SECONDS collects what happens within that time of the first event into one mail; emailalertlimit=N
 * lets N mails an hour through for each route and tells the rest in one digest when the hour is over.
 */
import { digestOf, type Mail, type MailEvent, mailOf, type Sender } from './mail.js'

export const HOUR_MS = 3_600_000
/** Events that one mail lists; what is beyond is counted. */
export const EVENTS_MAX = 200

export interface MailLimits {
  /** 0: no grouping. */
  readonly groupMs: number
  /** null: no limit. */
  readonly perHour: number | null
}

interface Waiting {
  events: MailEvent[]
  /** Events beyond EVENTS_MAX. */
  left: number
  /** When the group closes; events of a used-up hour wait longer. */
  dueMs: number
}

interface Hour {
  startedMs: number
  sent: number
}

export class MailGate {
  readonly #host: Sender
  readonly #waiting = new Map<string, Waiting>()
  readonly #hours = new Map<string, Hour>()
  #limits: MailLimits = { groupMs: 0, perHour: null }

  constructor(host: Sender) {
    this.#host = host
  }

  /** The limits of a newly loaded file; what waits already goes by them too. */
  set limits(limits: MailLimits) {
    this.#limits = limits
  }

  /** The mails that leave now. */
  add(event: MailEvent, nowMs: number): Mail[] {
    const id = routeId(event)
    const waiting = this.#waiting.get(id) ?? { events: [], left: 0, dueMs: nowMs + this.#limits.groupMs }
    if (waiting.events.length < EVENTS_MAX) waiting.events.push(event)
    else waiting.left++
    this.#waiting.set(id, waiting)
    return this.tick(nowMs)
  }

  /** Groups that are complete, and digests whose hour is over. */
  tick(nowMs: number): Mail[] {
    const mails: Mail[] = []
    for (const [id, waiting] of this.#waiting) {
      if (waiting.dueMs > nowMs || !this.#mayLeave(id, nowMs)) continue
      this.#waiting.delete(id)
      mails.push(this.#mail(waiting))
    }
    return mails
  }

  /** Everything that waits: at the end of the daemon nothing is kept back. */
  flush(): Mail[] {
    const mails = [...this.#waiting.values()].map(waiting => this.#mail(waiting))
    this.#waiting.clear()
    return mails
  }

  #mail({ events, left }: Waiting): Mail {
    return events.length === 1 ? mailOf(events[0]!, this.#host) : digestOf(events, left, this.#host)
  }

  /** Counts the mail as sent when it may leave. */
  #mayLeave(id: string, nowMs: number): boolean {
    const { perHour } = this.#limits
    if (perHour === null) return true
    const hour = this.#hours.get(id)
    if (hour === undefined || nowMs - hour.startedMs >= HOUR_MS) {
      this.#hours.set(id, { startedMs: nowMs, sent: 1 })
      return true
    }
    if (hour.sent >= perHour) return false
    hour.sent++
    return true
  }
}

function routeId({ route }: MailEvent): string {
  return JSON.stringify([route.to, route.from, route.smtp])
}
