// The contract of every check: each kind of server gives its own outcome, within the deadline, and nothing stays
// open. Local servers and real time, with short deadlines.
import { performance } from 'node:perf_hooks'
import { TLSSocket } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import type { Outcome, OutcomeCode, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { deafPort, refusingPort, type Script, serve } from '../../../../contract/check/scripted-server.js'
import { probeOf as defaults } from '../../../../ldirectord/checks/probe.js'
import { until } from '../../until.js'

/** For servers that must run into the deadline; the others get time enough for a busy machine. */
const DEADLINE_MS = 400
const PATIENT_MS = 8_000
const SLACK_MS = 1_500

const probeOf = (changes: Partial<Probe>): Probe => defaults({ timeoutMs: PATIENT_MS, ...changes })

const never = new AbortController().signal

async function runWithin(t: ExecutionContext, probe: Probe): Promise<Outcome> {
  const startedMs = performance.now()
  const outcome = await runCheck(probe, never)
  const tookMs = performance.now() - startedMs
  t.true(tookMs < probe.timeoutMs + SLACK_MS, `took ${tookMs} ms of ${probe.timeoutMs}`)
  return outcome
}

/** Writes a piece every few milliseconds until the client leaves. */
const every = (ms: number, piece: string | Buffer, head = ''): Script => {
  return socket => {
    socket.write(head)
    const timer = setInterval(() => socket.write(piece), ms)
    socket.on('close', () => clearInterval(timer))
  }
}
const say = (text: string): Script => {
  return socket => {
    socket.end(text)
  }
}
const page = (body: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`

interface Row {
  readonly server: string
  readonly script: Script
  readonly code: OutcomeCode
  readonly detail: RegExp
  readonly changes?: Partial<Probe>
}

const HTTP: readonly Row[] = [
  {
    server: 'a right answer',
    script: say(page('all is well')),
    code: 'OK',
    detail: /^200 OK$/,
    changes: { receive: 'is.w' },
  },
  {
    server: 'a wrong text',
    script: say(page('sorry')),
    code: 'L7CONTENT',
    detail: /does not match/,
    changes: { receive: 'well' },
  },
  { server: 'a status that says no', script: say(page('', '503 Busy')), code: 'L7STS', detail: /^503 Busy$/ },
  { server: 'silence', script: () => {}, code: 'L7TOUT', detail: /no complete answer within 0.4 s/ },
  {
    server: 'a byte now and then',
    script: every(20, 'x', 'HTTP/1.1 200 OK\r\nX: '),
    code: 'L7TOUT',
    detail: /no complete answer/,
  },
  {
    server: 'a body that comes a byte now and then',
    script: every(20, 'x', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'),
    code: 'L7TOUT',
    detail: /no complete answer/,
  },
  { server: 'an early close', script: say(''), code: 'L7RSP', detail: /closed before/ },
  {
    server: 'a close within the body',
    script: say('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort'),
    code: 'L7RSP',
    detail: /closed before/,
  },
  {
    server: 'a reset',
    script: socket => {
      if (socket instanceof TLSSocket) socket.destroy()
      else socket.resetAndDestroy()
    },
    code: 'L7RSP',
    detail: /closed before/,
  },
  {
    server: 'another protocol',
    script: say('220 mail.example ESMTP\r\n'),
    code: 'L7RSP',
    detail: /not HTTP/,
  },
  {
    server: 'headers without end',
    script: every(1, `X-More: ${'x'.repeat(8_000)}\r\n`, 'HTTP/1.1 200 OK\r\n'),
    code: 'L7RSP',
    detail: /not HTTP/,
  },
  {
    server: 'a slow answer without end',
    script: every(5, 'x'.repeat(1_000), 'HTTP/1.1 200 OK\r\n\r\n'),
    code: 'L7TOUT',
    detail: /no complete answer/,
  },
  {
    server: 'a redirect to itself without end',
    script: say('HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n'),
    code: 'L7STS',
    detail: /more than 7 redirects/,
  },
  {
    server: 'a redirect to a file',
    script: say('HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n'),
    code: 'L7STS',
    detail: /cannot follow/,
  },
  {
    server: 'more bytes than it has announced',
    script: socket => {
      socket.write(`${page('all is well').replace('Connection: close', 'Connection: keep-alive')} and more`)
    },
    code: 'OK',
    detail: /^200 OK$/,
    changes: { receive: 'is.well$' },
  },
  {
    server: 'lines that end with a bare newline',
    script: say('HTTP/1.1 200 OK\nContent-Length: 2\n\nOK'),
    code: 'OK',
    detail: /200/,
  },
]

for (const tls of [false, true]) {
  const service = tls ? 'https' : 'http'
  for (const { server: name, script, code, detail, changes } of HTTP) {
    test.serial(`${service}: ${name} gives ${code}`, async t => {
      const server = await serve(script, { tls })
      try {
        const timeoutMs = code.endsWith('TOUT') ? DEADLINE_MS : PATIENT_MS
        const outcome = await runWithin(t, probeOf({ service, port: server.port, timeoutMs, ...changes }))
        t.is(outcome.code, code, outcome.detail)
        t.is(outcome.passed, code === 'OK')
        t.regex(outcome.detail, detail)
        await until(() => server.open() === 0)
        t.is(server.open(), 0, 'a connection stayed open')
      } finally {
        await server.close()
      }
    })
  }
}

test.serial('https: a server that never answers the handshake gives L7TOUT and says TLS', async t => {
  const server = await serve(() => {})
  const outcome = await runWithin(t, probeOf({ service: 'https', port: server.port, timeoutMs: DEADLINE_MS }))
  await server.close()
  t.is(outcome.code, 'L7TOUT')
  t.regex(outcome.detail, /TLS/)
})

test.serial('https: a server that speaks plain text gives L6RSP', async t => {
  const server = await serve(say('HTTP/1.1 400 Bad Request\r\n\r\n'), { atOnce: true })
  const outcome = await runWithin(t, probeOf({ service: 'https', port: server.port }))
  await server.close()
  t.is(outcome.code, 'L6RSP', outcome.detail)
})

test.serial('http: a fast answer without end is given up with bounded memory', async t => {
  const piece = Buffer.alloc(1 << 20, 'x')
  const flood: Script = socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
      socket.once('drain', more)
    }
    more()
  }
  const server = await serve(flood)
  const outcome = await runWithin(t, probeOf({ port: server.port, timeoutMs: PATIENT_MS }))
  await server.close()
  t.is(outcome.code, 'L7RSP', outcome.detail)
})

for (const service of ['http', 'https'] as const) {
  test.serial(`${service}: a refused connection gives L4CON`, async t => {
    const outcome = await runWithin(t, probeOf({ service, port: await refusingPort() }))
    t.is(outcome.code, 'L4CON')
    t.is(outcome.detail, 'connection refused')
  })
}

test.serial('connect: an accepting port gives OK, a refusing one L4CON', async t => {
  const server = await serve(() => {})
  const up = await runWithin(t, probeOf({ checktype: 'connect', port: server.port }))
  await server.close()
  const down = await runWithin(t, probeOf({ checktype: 'connect', port: server.port }))
  t.deepEqual([up.code, down.code], ['OK', 'L4CON'])
})

test.serial('connect, http: a port that does not accept gives L4TOUT', async t => {
  const deaf = await deafPort()
  try {
    for (const checktype of ['connect', 'negotiate']) {
      const outcome = await runWithin(t, probeOf({ checktype, port: deaf.port, timeoutMs: DEADLINE_MS }))
      t.is(outcome.code, 'L4TOUT')
      t.is(outcome.detail, 'no connection within 0.4 s')
    }
  } finally {
    deaf.close()
  }
})

test.serial('a daemon that stops gets its answer at once and leaves no connection', async t => {
  const server = await serve(() => {})
  const stopping = new AbortController()
  const outcome = runCheck(probeOf({ port: server.port, timeoutMs: 60_000 }), stopping.signal)
  await until(() => server.heard.length > 0)
  stopping.abort()
  t.regex((await outcome).detail, /stops/)
  await until(() => server.open() === 0)
  await server.close()
  t.regex((await runCheck(probeOf({ port: server.port }), stopping.signal)).detail, /stops/)
})

test.serial('a service without a check yet says so', async t => {
  const outcome = await runWithin(t, probeOf({ service: 'gopher' }))
  t.deepEqual([outcome.code, outcome.detail], ['ERROR', 'service gopher is not checked yet'])
})

test.serial('on and none are always up, off never', async t => {
  t.true((await runWithin(t, probeOf({ checktype: 'on' }))).passed)
  t.true((await runWithin(t, probeOf({ service: 'none' }))).passed)
  t.false((await runWithin(t, probeOf({ checktype: 'off' }))).passed)
})

test.serial('a receive that cannot be used is an error of the check, with its place', async t => {
  const server = await serve(say(page('x')))
  const outcome = await runWithin(t, probeOf({ port: server.port, receive: 'ab(c' }))
  await server.close()
  t.is(outcome.code, 'ERROR')
  t.regex(outcome.detail, /character 3/)
})
