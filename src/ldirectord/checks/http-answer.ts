/**
 * What the checks that speak HTTP have in common: how a path is written, which answers are redirects, and the verdict:
 * up when the last answer is 2xx and matches `receive`.
 */
import { failed, type Outcome, type Probe } from './check.js'
import { mismatch } from './receive.js'

export const REDIRECTS_MAX = 7
/** As much of a body as `receive` sees. */
export const BODY_KEPT_BYTES_MAX = 1_048_576
/** An answer that is still going on here is no page. */
export const BODY_BYTES_MAX = 16 * BODY_KEPT_BYTES_MAX
/** Enough of a body for a monitorfile. */
const ANSWER_CHARACTERS_MAX = 65_536

export interface HttpAnswer {
  readonly status: number
  readonly statusLine: string
  readonly location: string | undefined
  readonly body: Uint8Array
  readonly isEndless: boolean
}

/** What cannot stand in a request line is percent-encoded; what is encoded already stays. */
export const escapePath = (text: string): string =>
  text.replace(/[^\w\-.~:/?#[\]@!$&'()*+,;=%]/gu, character => {
    let escaped = ''
    for (const byte of Buffer.from(character))
      escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })

export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

export function httpVerdict(answer: HttpAnswer, probe: Probe): Outcome {
  if (!isSuccess(answer.status)) {
    return { ...failed('L7STS', answer.statusLine), answer: answer.statusLine }
  }
  if (answer.isEndless) return failed('L7RSP', `the answer is longer than ${BODY_BYTES_MAX} bytes`)
  const fault = mismatch(probe.receive, answer.body)
  if (fault === null) {
    return { passed: true, code: 'OK', detail: answer.statusLine, answer: answer.statusLine }
  }
  const body = Buffer.from(answer.body.subarray(0, ANSWER_CHARACTERS_MAX)).toString('latin1')
  return { ...fault, detail: `${answer.statusLine}, but ${fault.detail}`, answer: body }
}
