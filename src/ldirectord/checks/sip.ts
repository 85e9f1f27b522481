/** `service=sip`: asks OPTIONS over TCP or UDP and is up when the answer's first line is `SIP/2.0 200 OK`. */
import { randomBytes } from 'node:crypto'
import { type Check, failed, type Outcome, type Probe, passed } from './check.js'
import { conversationCheck } from './conversation.js'
import { askDatagram } from './datagram.js'
import { said } from './said.js'

interface Local {
  readonly address: string
  readonly port: number
}

function optionsRequest({ login }: Probe, transport: 'TCP' | 'UDP', { address, port }: Local): string {
  if (/[\r\n\0]/.test(login)) throw new Error('a text of the configuration holds a line break')
  const host = address.includes(':') ? `[${address}]` : address
  return [
    `OPTIONS sip:${login} SIP/2.0`,
    // A branch names one transaction: a server may answer a known one from its memory (RFC 3261, 17.2.3).
    `Via: SIP/2.0/${transport} ${host}:${port};branch=z9hG4bK${randomBytes(8).toString('hex')}`,
    'Max-Forwards: 70',
    `To: <sip:${login}>`,
    `From: <sip:${login}>;tag=${randomBytes(4).toString('hex')}`,
    `Call-ID: ${randomBytes(8).toString('hex')}`,
    'CSeq: 63104 OPTIONS',
    `Contact: <sip:${login}>`,
    'Accept: application/sdp',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n')
}

function verdict(line: string, probe: Probe): Outcome {
  if (line.startsWith('SIP/2.0 200 OK')) return passed(said(line, probe))
  return /^SIP\/2\.0 \d{3}/.test(line)
    ? failed('L7STS', said(line, probe))
    : failed('L7RSP', `the answer is not SIP: ${said(line, probe)}`)
}

const overTcp = conversationCheck({}, async (server, probe) => {
  server.sendText(optionsRequest(probe, 'TCP', server.local))
  return verdict(await server.line(), probe)
})

const overUdp: Check = (probe, signal, progress) =>
  askDatagram(probe, { signal, progress, isRepeated: true }, local => ({
    request: Buffer.from(optionsRequest(probe, 'UDP', local)),
    read: answer => {
      const line = answer.toString('latin1').split(/\r?\n/, 1)[0]!
      // 1xx: the server is still at it.
      return line.startsWith('SIP/2.0 1') ? null : verdict(line, probe)
    },
  }))

export const checkSip: Check = (probe, signal, progress) =>
  (probe.protocol === 'udp' ? overUdp : overTcp)(probe, signal, progress)
