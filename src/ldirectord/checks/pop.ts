/**
 * `service=pop` and `pops`: up when the server greets with +OK and, where a login is set, takes it: by APOP where the
 * greeting offers it (the password then stays here), else or after its refusal by USER and PASS.
 */
import { createHash } from 'node:crypto'
import { type Check, failed, type Outcome, type Probe, passed } from './check.js'
import { type Conversation, conversationCheck } from './conversation.js'
import { said } from './said.js'

const talk = async (server: Conversation, probe: Probe): Promise<Outcome> => {
  const greeting = await server.line()
  if (!isOk(greeting)) return no(greeting, probe)
  if (probe.login === '') return passed(said(greeting, probe))
  const stamp = /<[^<>@]+@[^<>]*>/.exec(greeting)?.[0]
  if (stamp !== undefined && isOk(await ask(server, `APOP ${probe.login} ${digest(stamp, probe.passwd)}`)))
    return passed('logged in')
  for (const command of [`USER ${probe.login}`, `PASS ${probe.passwd}`]) {
    const answer = await ask(server, command)
    if (!isOk(answer)) return no(answer, probe)
  }
  return passed('logged in')
}

export const checkPop: Check = conversationCheck({ farewell: 'QUIT' }, talk)
export const checkPops: Check = conversationCheck({ farewell: 'QUIT', isSecure: true }, talk)

function ask(server: Conversation, command: string): Promise<string> {
  server.send(command)
  return server.line()
}

const digest = (stamp: string, passwd: string): string =>
  createHash('md5').update(stamp, 'latin1').update(passwd).digest('hex')

const isOk = (line: string): boolean => /^\+OK\b/i.test(line)

const no = (line: string, probe: Probe): Outcome =>
  line.startsWith('-ERR')
    ? failed('L7STS', said(line, probe))
    : failed('L7RSP', `the answer is not POP3: ${said(line, probe)}`)
