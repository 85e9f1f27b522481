/** `service=imap` and `imaps`: up when the server greets with OK or PREAUTH and, where a login is set, takes it. */
import { type Check, failed, type Outcome, type Probe, passed } from './check.js'
import { type Conversation, conversationCheck } from './conversation.js'
import { said } from './said.js'

const TAG = 'a1'
const UNTAGGED_LINES_MAX = 100

const talk = async (server: Conversation, probe: Probe): Promise<Outcome> => {
  const greeting = await server.line()
  if (!/^\* +(OK|PREAUTH)\b/i.test(greeting)) {
    return /^\* +(BYE|NO|BAD)\b/i.test(greeting)
      ? failed('L7STS', said(greeting, probe))
      : failed('L7RSP', `the answer is not IMAP: ${said(greeting, probe)}`)
  }
  if (probe.login === '') return passed(said(greeting, probe))
  server.send(`${TAG} LOGIN ${quoted(probe.login)} ${quoted(probe.passwd)}`)
  const answer = await tagged(server)
  return new RegExp(`^${TAG} +OK\\b`, 'i').test(answer)
    ? passed('logged in')
    : failed('L7STS', said(answer, probe))
}

const FAREWELL = 'a2 LOGOUT'
export const checkImap: Check = conversationCheck({ farewell: FAREWELL }, talk)
export const checkImaps: Check = conversationCheck({ farewell: FAREWELL, isSecure: true }, talk)

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`

/** The answer to the command, past the server's remarks; BYE is an answer too. */
async function tagged(server: Conversation): Promise<string> {
  for (let lines = 1; ; lines++) {
    const line = await server.line()
    if (!line.startsWith('* ') || /^\* +BYE\b/i.test(line) || lines === UNTAGGED_LINES_MAX) return line
  }
}
