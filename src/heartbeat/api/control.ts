/**
 * What the control socket speaks: one request a connection, a word on one line; answers are lines of JSON.
 *
 *     status    the state record, then the end
 *     restart   the same, and the daemon begins a new life that keeps its resources
 *     watch     the state record, then each decision as it is made, until the client closes
 */
export const CONTROL_REQUESTS = ['status', 'watch', 'restart'] as const
export type ControlRequest = (typeof CONTROL_REQUESTS)[number]

export const controlPath = (varRun: string): string => `${varRun}/heartbeat/control`

const REQUEST_BYTES_MAX = 64

/** null: the line is not complete; undefined: it is none of the requests and will not become one. */
export function parseControlRequest(received: string): ControlRequest | null | undefined {
  const end = received.indexOf('\n')
  if (end === -1) return received.length > REQUEST_BYTES_MAX ? undefined : null
  const word = received.slice(0, end).trim()
  return CONTROL_REQUESTS.find(request => request === word)
}

/** How many connections are answered: so many at once, then so many a second. */
export const CONTROL_RATE = { burst: 40, perSecond: 20 } as const
