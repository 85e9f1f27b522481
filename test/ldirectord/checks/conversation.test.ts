// Answers in any pieces are the same answers: what a check concludes does not depend on how TCP cuts.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import test from 'ava'
import { runCheck } from '../../../src/ldirectord/checks/run-check.js'
import { said } from '../../../src/ldirectord/checks/said.js'
import { probeOf } from './probe.js'

const never = new AbortController().signal

/** Writes each piece in a packet of its own, as far as the kernel lets it. */
async function inPieces(service: string, pieces: readonly string[], login = ''): Promise<string> {
  const server = createServer({ noDelay: true }, async socket => {
    socket.on('error', () => {})
    for (const piece of pieces) {
      await new Promise(resolve => socket.write(piece, resolve))
      await new Promise(setImmediate)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outcome = await runCheck(probeOf({ service, port, login, passwd: 'p', timeoutMs: 5_000 }), never)
  server.close()
  return `${outcome.code} ${outcome.detail}`
}

const ANSWERS: readonly (readonly [service: string, answer: string, login: string, outcome: string])[] = [
  ['smtp', '220-mail\r\n220 ready\r\n250-mail\r\n250 SIZE\r\n', '', 'OK 220 ready'],
  ['ftp', '220-Welcome\r\n 220 is not the end\r\n220 ready\r\n', '', 'OK 220 ready'],
  ['ftp', '220-Welcome\r\n331-x\r\n220 ready\n', '', 'OK 220 ready'],
  ['pop', '+OK ready\r\n+OK\r\n+OK in\r\n', 'alice', 'OK logged in'],
  ['imap', '* OK ready\r\n* CAPABILITY IMAP4rev1\r\na1 OK in\r\n', 'alice', 'OK logged in'],
  ['nntp', '201 read\r\n', '', 'OK 201 read'],
]

for (const [service, answer, login, outcome] of ANSWERS) {
  test(`${service}: ${JSON.stringify(answer)} is understood whole, halved and byte by byte`, async t => {
    t.is(await inPieces(service, [answer], login), outcome)
    t.is(await inPieces(service, [...answer], login), outcome)
    for (let cut = 1; cut < answer.length; cut += 5)
      t.is(await inPieces(service, [answer.slice(0, cut), answer.slice(cut)], login), outcome)
  })
}

test('words of a server become one short printable line without our secrets', t => {
  const hidden = { passwd: 'pässword', secret: 'sesame' }
  t.is(said('no\r\n such\x1b[31m user', hidden), 'no such [31m user')
  t.is(said('pässword, sesame and sesame', hidden), '***, *** and ***')
  t.is(said(Buffer.from('550 pässword').toString('latin1'), hidden), '550 ***')
  t.is(said('x'.repeat(1_000), hidden).length, 200)
  t.is(said('nothing to hide', { passwd: '', secret: '' }), 'nothing to hide')
})
