/**
 * `service=ftp`: without `receive` up when the server greets with 2xx. With it: logs in, fetches the file `request` in
 * passive mode and is up when the content matches. Own code rather than basic-ftp: that library (6.2.3) loses a reply
 * that arrives in pieces and waits for ever on a server of another protocol.
 */
import { isIPv6, type Socket } from 'node:net'
import { failed, type Outcome, type Probe, passed } from './check.js'
import { type Conversation, conversationCheck, reply } from './conversation.js'
import { AnswerDigest } from './digest.js'
import { mismatch } from './receive.js'
import { said } from './said.js'
import { opened, startStream } from './stream.js'
import { outcomeOfError, protocolFault } from './system-error.js'

const FILE_BYTES_MAX = 1_048_576

export const checkFtp = conversationCheck({ farewell: 'QUIT' }, async (server, probe, signal) => {
  const greeting = await reply(server)
  if (!greeting.startsWith('2')) return no(greeting, probe)
  if (!/[^\n]/.test(probe.receive) && probe.receivedigest === null && !probe.showDigest)
    return passed(said(greeting, probe))
  const refusal = (await logIn(server, probe)) ?? (await prepare(server))
  return refusal === null ? fetchFile(server, probe, signal) : no(refusal, probe)
})

const no = (line: string, probe: Probe): Outcome =>
  /^\d{3}\b/.test(line)
    ? failed('L7STS', said(line, probe))
    : failed('L7RSP', `the answer is not FTP: ${said(line, probe)}`)

function ask(server: Conversation, command: string): Promise<string> {
  server.send(command)
  return reply(server)
}

/** The reply that refuses, or null. */
async function logIn(server: Conversation, { login, passwd }: Probe): Promise<string | null> {
  let answer = await ask(server, `USER ${login}`)
  if (answer.startsWith('331')) answer = await ask(server, `PASS ${passwd}`)
  return answer.startsWith('2') ? null : answer
}

async function prepare(server: Conversation): Promise<string | null> {
  await ask(server, 'CWD /') // as the original, whatever the server thinks of it
  const binary = await ask(server, 'TYPE I')
  return binary.startsWith('2') ? null : binary
}

async function fetchFile(server: Conversation, probe: Probe, signal: AbortSignal): Promise<Outcome> {
  const offer = await ask(server, isIPv6(probe.address) ? 'EPSV' : 'PASV')
  const port = dataPort(offer)
  if (port === null) return no(offer, probe)
  const progress = { reached: 'connecting' as const }
  const data = startStream({ ...probe, port }, { secure: null, signal, progress })
  try {
    const content = readAll(data)
    content.catch(() => {}) // awaited below, unless the server refuses first
    await opened(data, false).catch(error => {
      const { detail } = outcomeOfError(error, 'connecting')
      throw protocolFault(`no data connection to port ${port}: ${detail}`)
    })
    const answer = await ask(server, `RETR ${probe.request}`)
    if (!/^[12]/.test(answer)) return no(answer, probe)
    const file = await content
    const digest = new AnswerDigest(probe)
    digest.update(file)
    return digest.judge(mismatch(probe.receive, file) ?? passed('the file matches'))
  } finally {
    data.destroy()
  }
}

/**
 * The port of `227 ... (h1,h2,h3,h4,p1,p2)` or `229 ... (|||port|)`. The address in it is not used: the file must
 * come from the server that is checked.
 */
function dataPort(answer: string): number | null {
  const passive = /^227.*?\d+,\d+,\d+,\d+,(\d{1,3}),(\d{1,3})/.exec(answer)
  const extended = /^229.*?\((.)\1\1(\d{1,5})\1\)/.exec(answer)
  const port = passive ? Number(passive[1]) * 256 + Number(passive[2]) : Number(extended?.[2] ?? 0)
  return port >= 1 && port <= 65_535 ? port : null
}

function readAll(data: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const kept: Buffer[] = []
    let bytes = 0
    data.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      kept.push(chunk)
      if (bytes > FILE_BYTES_MAX)
        data.destroy(protocolFault(`the file is longer than ${FILE_BYTES_MAX} bytes`))
    })
    data.once('end', () => resolve(Buffer.concat(kept)))
    data.once('error', reject)
    data.once('close', () => reject(protocolFault('the data connection broke off')))
  })
}
