// A plain HTTP question has two ways: by system calls for an address, by node's client for a name (and wherever system
// calls cannot be made). Whatever a server does, both come to the same outcome, and leave no connection.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { isNativeFailure } from '../../../../../src/base/io/native.js'
import { tcpSockets } from '../../../../../src/base/io/tcp-calls.js'
import type { OutcomeCode, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { refusingPort, type Script, serve } from '../../../../contract/check/scripted-server.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'

const DEADLINE_MS = 400
const PATIENT_MS = 8_000
const PIECE_MS = 4
const never = new AbortController().signal

type End = 'closes' | 'stays' | 'resets'

/** Says these pieces one after the other, each in a packet of its own. */
const inPieces =
  (pieces: readonly (string | Buffer)[], end: End): Script =>
  async (socket: Socket) => {
    socket.setNoDelay(true)
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await wait(PIECE_MS)
      if (socket.destroyed) return
      socket.write(piece as Buffer)
    }
    if (end === 'closes') socket.end()
    if (end === 'resets') {
      await wait(PIECE_MS)
      socket.resetAndDestroy()
    }
  }

interface Row {
  readonly server: string
  readonly says: readonly (string | Buffer)[]
  readonly end?: End
  readonly code: OutcomeCode
  readonly changes?: Partial<Probe>
}

const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
const LONG = Buffer.alloc(300_000, 'well ')
const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('hex')
const well = { receive: '^all is well$' }

const ROWS: readonly Row[] = [
  { server: 'one piece', says: [`${HEAD}Content-Length: 11\r\n\r\nall is well`], code: 'OK', changes: well },
  {
    server: 'one piece that stays open',
    says: [`${HEAD}Content-Length: 11\r\n\r\nall is well`],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  {
    server: 'the body in pieces',
    says: [`${HEAD}Content-Length: 11\r\n\r\nall`, ' is', ' well'],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  {
    server: 'the head in pieces',
    says: ['HTTP/1.1 2', '00 OK\r', '\n\r\nall is well'],
    code: 'OK',
    changes: well,
  },
  { server: 'a byte at a time', says: [...`${HEAD}\r\nall is well`], code: 'OK', changes: well },
  {
    server: 'a body in more pieces than are waited for',
    says: [`${HEAD}Content-Length: 40\r\n\r\n`, ...'0123456789'.repeat(4)],
    end: 'stays',
    code: 'OK',
    changes: { receivedigest: md5('0123456789'.repeat(4)) },
  },
  {
    server: 'a long body',
    says: [`${HEAD}Content-Length: ${LONG.length}\r\n\r\n`, LONG],
    end: 'stays',
    code: 'OK',
    changes: { receivedigest: md5(LONG) },
  },
  {
    server: 'a long body up to the close',
    says: [`${HEAD}\r\n`, LONG],
    code: 'OK',
    changes: { receivedigest: md5(LONG) },
  },
  {
    server: 'chunks',
    says: [`${CHUNKED}4\r\nall \r\n7\r\nis well\r\n0\r\n\r\n`],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  {
    server: 'chunks in pieces',
    says: [CHUNKED, '4', '\r\nal', 'l \r', '\n7\r\nis well\r\n0', '\r\n\r', '\n'],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  {
    server: 'chunks with extensions and trailers',
    says: [`${CHUNKED}4;a="b"\r\nall \r\n`, '7\r\nis well\r\n0\r\nX-Sum: 1\r\n\r\n'],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  { server: 'chunks that are cut short', says: [`${CHUNKED}4\r\nall \r\n7\r\nis`], code: 'L7RSP' },
  { server: 'chunks without a last one', says: [`${CHUNKED}4\r\nall \r\n`], end: 'stays', code: 'L7TOUT' },
  { server: 'chunks of no size', says: [`${CHUNKED}xyz\r\nall \r\n`], end: 'stays', code: 'L7RSP' },
  {
    server: 'a body that is cut short',
    says: [`${HEAD}Content-Length: 12\r\n\r\nall is well`],
    code: 'L7RSP',
  },
  {
    server: 'a body of which something is missing',
    says: [`${HEAD}Content-Length: 12\r\n\r\nall is well`],
    end: 'stays',
    code: 'L7TOUT',
  },
  {
    server: 'a reset after a part',
    says: [`${HEAD}Content-Length: 12\r\n\r\nall`],
    end: 'resets',
    code: 'L7RSP',
  },
  { server: 'a reset after the head', says: [`${HEAD}\r\n`], end: 'resets', code: 'L7RSP' },
  {
    server: 'a reset after a part of the head',
    says: ['HTTP/1.1 200 OK\r\nContent-'],
    end: 'resets',
    code: 'L7RSP',
  },
  {
    server: '100 before the answer',
    says: ['HTTP/1.1 100 Continue\r\n\r\n', `${HEAD}Content-Length: 11\r\n\r\nall is well`],
    end: 'stays',
    code: 'OK',
    changes: well,
  },
  {
    server: 'a folded field',
    says: [`${HEAD}X-Long: a\r\n b\r\n\r\nall is well`],
    code: 'OK',
    changes: well,
  },
  { server: 'bare newlines', says: ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok'], end: 'stays', code: 'OK' },
  { server: 'HTTP/1.0', says: ['HTTP/1.0 200 OK\r\n\r\nall is well'], code: 'OK', changes: well },
  { server: 'HTTP/0.9', says: ['all is well'], code: 'L7RSP' },
  { server: 'half a line of another protocol', says: ['220 mail'], end: 'stays', code: 'L7RSP' },
  { server: 'a field without a name', says: [`${HEAD}no colon\r\n\r\nok`], end: 'stays', code: 'L7RSP' },
  { server: 'fields without end', says: [`${HEAD}X: ${'x'.repeat(200_000)}`], end: 'stays', code: 'L7RSP' },
  { server: 'no content', says: ['HTTP/1.1 204 No Content\r\n\r\n'], end: 'stays', code: 'OK' },
  {
    server: 'no status text',
    says: ['HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
    end: 'stays',
    code: 'OK',
  },
  {
    server: 'the head alone, to HEAD',
    says: [`${HEAD}Content-Length: 12\r\n\r\n`],
    end: 'stays',
    code: 'OK',
    changes: { httpmethod: 'HEAD' },
  },
  {
    server: 'two lengths',
    says: [`${HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    end: 'stays',
    code: 'L7RSP',
  },
  {
    server: 'a refusal with a body that does not come',
    says: ['HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n'],
    end: 'stays',
    code: 'L7STS',
  },
  {
    server: 'a redirect without a place',
    says: ['HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'],
    code: 'L7STS',
  },
]

for (const { server: name, says, end = 'closes', code, changes } of ROWS)
  test.serial(`${name} (${end}) gives ${code} both ways`, async t => {
    const server = await serve(inPieces(says, end))
    try {
      const timeoutMs = code === 'L7TOUT' ? DEADLINE_MS : PATIENT_MS
      const probe = probeOf({ port: server.port, virtualhost: 'www', timeoutMs, ...changes })
      const byCalls = await runCheck(probe, never)
      const byNode = await runCheck({ ...probe, address: 'localhost' }, never)
      t.is(byCalls.code, code, byCalls.detail)
      t.deepEqual(byCalls, byNode)
      t.is(server.heard[0], server.heard[1])
      for (let look = 0; look < 200 && server.open() > 0; look++) await wait(5)
      t.is(server.open(), 0, 'a connection stayed open')
    } finally {
      await server.close()
    }
  })

test.serial('a redirect is followed from a connection by system calls', async t => {
  const script: Script = (socket, request) =>
    void socket.end(
      request.startsWith('GET /here')
        ? `${HEAD}Content-Length: 11\r\n\r\nall is well`
        : 'HTTP/1.1 302 Found\r\nLocation: /here\r\nContent-Length: 0\r\n\r\n',
    )
  const server = await serve(script)
  t.is((await runCheck(probeOf({ port: server.port, ...well }), never)).code, 'OK')
  t.is(server.heard.length, 2)
  await server.close()
})

for (const address of ['127.0.0.1', '::1'])
  test.serial(`hundreds of checks at once over ${address} each get their own answer`, async t => {
    const script: Script = (socket, request) =>
      void socket.end(`${HEAD}\r\n${/^GET \/(\d+)/.exec(request)![1]} it is`)
    const server = await serve(script, { address })
    const probes = Array.from({ length: 600 }, (_, index) =>
      probeOf({
        address,
        port: server.port,
        request: `/${index}`,
        receive: `^${index} it is$`,
        timeoutMs: PATIENT_MS,
      }),
    )
    const outcomes = await Promise.all(probes.map(probe => runCheck(probe, never)))
    t.deepEqual(
      outcomes.filter(({ passed }) => !passed),
      [],
    )
    await server.close()
  })

test.serial('connect, http: a refusal is the same both ways', async t => {
  const port = await refusingPort()
  for (const checktype of ['connect', 'negotiate'])
    for (const address of ['127.0.0.1', '::1', 'localhost']) {
      const { code, detail } = await runCheck(probeOf({ address, checktype, port }), never)
      t.deepEqual([code, detail], ['L4CON', 'connection refused'], `${checktype} ${address}`)
    }
})

test.serial('an answer that came while this process stood still counts, however late it is then', async t => {
  const program = `require('net').createServer(s => s.once('data', () => setTimeout(() => s.end('HTTP/1.1 200 OK\\r\\n\\r\\nok'), 100)))
    .listen(0, '127.0.0.1', function () { process.stdout.write(String(this.address().port)) })`
  const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer]
    const outcome = runCheck(probeOf({ port: Number(port), timeoutMs: 300 }), never)
    await wait(50)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
    t.is((await outcome).code, 'OK')
  } finally {
    server.kill('SIGKILL')
  }
})

test.serial(
  'a server that resets a connection at once was there to connect to, and gave no answer',
  async t => {
    const server = await serve(socket => void (socket as Socket).resetAndDestroy(), { atOnce: true })
    const connected = await runCheck(probeOf({ port: server.port, checktype: 'connect' }), never)
    const asked = await runCheck(probeOf({ port: server.port }), never)
    await server.close()
    t.deepEqual([connected.code, connected.detail], ['OK', 'connected'])
    t.deepEqual([asked.code, asked.detail], ['L7RSP', 'closed before the answer was complete'])
  },
)

test('the system calls can be made where this is tested', t => {
  t.false(isNativeFailure(tcpSockets()))
})
