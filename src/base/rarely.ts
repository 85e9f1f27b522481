/**
 * What others can cause at will is said once at first, then at most once a minute with the count. So many subjects are
 * remembered; whatever else happens shares one of them.
 */

const QUIET_MS = 60_000
const SUBJECTS_MAX = 64
const OTHERS = 'others'

interface Row {
  saidAtMs: number
  since: number
}

export interface Said {
  /** The subject, or `others`. */
  readonly subject: string
  /** How often since it was said last, this time included. */
  readonly times: number
}

export class Rarely {
  readonly #rows = new Map<string, Row>()

  /** null: it was said not long ago. */
  note(wanted: string, nowMs: number): Said | null {
    const subject = this.#rows.has(wanted) || this.#rows.size < SUBJECTS_MAX ? wanted : OTHERS
    const row = this.#rows.get(subject)
    const times = (row?.since ?? 0) + 1
    if (row && nowMs - row.saidAtMs < QUIET_MS) {
      row.since = times
      return null
    }
    this.#rows.set(subject, { saidAtMs: nowMs, since: 0 })
    return { subject, times }
  }
}

/** `text`, with the count where it was more than one. */
export function withTimes(text: string, { times }: Said): string {
  return times === 1 ? text : `${text} (${times} times since the last report)`
}
