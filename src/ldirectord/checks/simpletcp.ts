/**
 * `service=simpletcp`: sends the request without its first character (the slash that every request has), `\n` in it
 * being a newline, says that nothing more comes, and is up when one line of the answer matches `receive`. For a UDP
 * service the same with datagrams.
 */
import { type Check, failed, type Outcome, type Probe, passed } from './check.js'
import { conversationCheck } from './conversation.js'
import { askDatagram } from './datagram.js'
import { mismatch } from './receive.js'

const requestOf = (probe: Probe): string => probe.request.slice(1).replaceAll('\\n', '\n')

/** null while no line decides. As in the original a line is matched together with its line break. */
function verdict(line: string, probe: Probe): Outcome | null {
  const fault = mismatch(probe.receive, Buffer.from(`${line}\n`, 'latin1'))
  if (fault === null) return passed('a line matches')
  return fault.code === 'L7CONTENT' ? null : fault
}

const overTcp = conversationCheck({}, async (server, probe) => {
  server.sendText(requestOf(probe))
  server.finish()
  for (let lines = 0; ; lines++) {
    const line = await server.lineOrEnd()
    if (line === null) {
      return lines === 0
        ? failed('L7RSP', 'closed without a line')
        : failed('L7CONTENT', `none of ${lines} lines matches receive`)
    }
    const outcome = verdict(line, probe)
    if (outcome) return outcome
  }
})

const overUdp: Check = (probe, signal, progress) =>
  askDatagram(probe, { signal, progress, isRepeated: false }, () => ({
    request: Buffer.from(requestOf(probe)),
    read: answer => {
      for (const line of answer.toString('latin1').replace(/\n$/, '').split('\n')) {
        const outcome = verdict(line, probe)
        if (outcome) return outcome
      }
      return null // another datagram may still match
    },
  }))

export const checkSimpletcp: Check = (probe, signal, progress) =>
  (probe.protocol === 'udp' ? overUdp : overTcp)(probe, signal, progress)
