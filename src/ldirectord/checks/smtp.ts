/** `service=smtp` and `submission`: up when the server greets with 2xx and then takes EHLO, or else HELO. */
import { failed, type Outcome, passed } from './check.js'
import { conversationCheck, reply } from './conversation.js'
import { said } from './said.js'

/** What the original calls itself (measured). */
const OWN_NAME = 'localhost.localdomain'

export const checkSmtp = conversationCheck({ farewell: 'QUIT' }, async (server, probe) => {
  const no = (line: string): Outcome =>
    /^\d{3}/.test(line)
      ? failed('L7STS', said(line, probe))
      : failed('L7RSP', `the answer is not SMTP: ${said(line, probe)}`)
  const greeting = await reply(server)
  if (!greeting.startsWith('2')) return no(greeting)
  server.send(`EHLO ${OWN_NAME}`)
  const extended = await reply(server)
  if (extended.startsWith('2')) return passed(said(greeting, probe))
  server.send(`HELO ${OWN_NAME}`)
  const plain = await reply(server)
  return plain.startsWith('2') ? passed(said(greeting, probe)) : no(plain)
})
