/** `service=nntp`: up when the greeting starts with 2 (200 posting allowed, 201 not). Nothing is sent. */
import { failed, passed } from './check.js'
import { conversationCheck } from './conversation.js'
import { said } from './said.js'

export const checkNntp = conversationCheck({}, async (server, probe) => {
  const greeting = await server.line()
  if (greeting.startsWith('2')) return passed(said(greeting, probe))
  return /^\d{3}\b/.test(greeting)
    ? failed('L7STS', said(greeting, probe))
    : failed('L7RSP', `the answer is not NNTP: ${said(greeting, probe)}`)
})
