/**
 * What the checks that speak HTTP have in common: how a path is written, which answers are redirects, and the verdict:
 * up when the last answer is 2xx and matches `receive`.
 */
import { failed, type Outcome, type Probe } from './check.js'
import { AnswerDigest } from './digest.js'
import { mismatch } from './receive.js'

export const REDIRECTS_MAX = 7
/** As much of a body as `receive` sees. */
const BODY_KEPT_BYTES_MAX = 1_048_576
/** An answer that is still going on here is no page. */
const BODY_BYTES_MAX = 16 * BODY_KEPT_BYTES_MAX
/** Enough of a body for a monitorfile. */
const ANSWER_CHARACTERS_MAX = 65_536

export interface HttpAnswer {
  readonly status: number
  readonly statusLine: string
  readonly location: string | undefined
  /** null: no part of it can change the verdict. */
  readonly body: Body | null
}

export const USER_AGENT = 'ldirectord (Systole)'

/** A body as it comes in: its start for `receive`, its bytes counted, all of it into the digest. */
export class Body {
  readonly #kept: Buffer[] = []
  readonly #digest: AnswerDigest
  #bytes = 0

  constructor(probe: Probe) {
    this.#digest = new AnswerDigest(probe)
  }

  /** False: it is too long to be a page, and nothing more of it is wanted. */
  add(chunk: Buffer): boolean {
    const room = BODY_KEPT_BYTES_MAX - this.#bytes
    if (room > 0) this.#kept.push(chunk.subarray(0, room))
    this.#digest.update(chunk)
    this.#bytes += chunk.length
    return !this.isEndless
  }

  get isEndless(): boolean {
    return this.#bytes > BODY_BYTES_MAX
  }

  /** To be called once, at its end. */
  judge(verdict: (start: Buffer) => Outcome): Outcome {
    return this.#digest.judge(verdict(Buffer.concat(this.#kept)))
  }
}

/** Whether the answer to this question has a body that is read. */
export const hasBody = (status: number, { httpmethod }: Probe): boolean =>
  isSuccess(status) && httpmethod !== 'HEAD'

/** What cannot stand in a request line is percent-encoded; what is encoded already stays. */
export const escapePath = (text: string): string =>
  text.replace(/[^\w\-.~:/?#[\]@!$&'()*+,;=%]/gu, character => {
    let escaped = ''
    for (const byte of Buffer.from(character))
      escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })

export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)
const isSuccess = (status: number): boolean => status >= 200 && status < 300

export function httpVerdict({ status, statusLine, body }: HttpAnswer, probe: Probe): Outcome {
  if (!isSuccess(status)) return { ...failed('L7STS', statusLine), answer: statusLine }
  if (body?.isEndless) return failed('L7RSP', `the answer is longer than ${BODY_BYTES_MAX} bytes`)
  const whole = body ?? new Body(probe)
  return whole.judge(start => {
    const fault = mismatch(probe.receive, start)
    if (fault === null) return { passed: true, code: 'OK', detail: statusLine, answer: statusLine }
    const answer = start.toString('latin1', 0, ANSWER_CHARACTERS_MAX)
    return { ...fault, detail: `${statusLine}, but ${fault.detail}`, answer }
  })
}
