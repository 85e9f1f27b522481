// Every service that a file can name, against a server that is right, wrong, refusing, hanging, dripping and endless,
// over IPv4 and IPv6: each cell has its outcome, within the deadline, with bounded memory. A service without a row, and
// a row without a cell, fails. The finer faults of single services are in check.test.ts and services.test.ts.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import test, { type ExecutionContext } from 'ava'
import type { Outcome, OutcomeCode, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { SERVICES } from '../../../../../src/ldirectord/config/directives-check.js'
import { datagramServer, onceServer, type Replies } from '../../../../contract/check/line-server.js'
import { refusingPort, type Script, serve } from '../../../../contract/check/scripted-server.js'
import * as talker from '../../../../contract/check/talkers.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'

const DEADLINE_MS = 1_000
const PATIENT_MS = 15_000
const SLACK_MS = 4_000
/** A page may have 16 MiB; what more is under way when a check leaves is in the buffers of the kernel. */
const TAKEN_BYTES_MAX = 32 * 1024 * 1024
const ADDRESSES = ['127.0.0.1', '::1']
const never = new AbortController().signal

type Server = (at?: talker.At) => Promise<{ readonly port: number; close(): Promise<void> }>

interface Row {
  readonly changes?: Partial<Probe>
  readonly tls?: true
  readonly protocol?: 'udp'
  /** null: nobody can play it; see docs/checks.md. */
  readonly right: Server | null
  readonly wrong: Server
  readonly refusal: OutcomeCode
  /** How a right answer begins; byte by byte, and then its last byte for ever. */
  readonly drip: string | Buffer
  /** What an answer without end repeats where it is not that last byte. */
  readonly flood?: string
}

const NO_PAGE = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'
const PAGE: Omit<Row, 'right' | 'wrong'> = { refusal: 'L7STS', drip: 'HTTP/1.1 200 OK\r\n\r\nx' }
const REFUSED_LOGIN: Replies = [[/^PASS/, '-ERR wrong\r\n'], ...talker.POP]
const web: Row = { ...PAGE, right: talker.answersOnce(talker.WEB_OK), wrong: talker.answersOnce(NO_PAGE) }
const mail: Row = {
  right: talker.lines('220 mail ESMTP\r\n', talker.SMTP),
  wrong: talker.lines('554 go away\r\n', talker.SMTP),
  refusal: 'L7STS',
  drip: '220-',
}
const pop: Row = {
  right: talker.lines('+OK ready\r\n', talker.POP),
  wrong: talker.lines('+OK ready\r\n', REFUSED_LOGIN),
  refusal: 'L7STS',
  drip: '+OK ',
}
const imap: Row = {
  right: talker.imap('OK in'),
  wrong: talker.imap('NO wrong'),
  refusal: 'L7STS',
  drip: '* OK ',
}
const ldap: Row = {
  changes: { request: '/dc=example', receive: 'example' },
  right: talker.ldap(['dc=example']),
  wrong: talker.ldap(['dc=other']),
  refusal: 'L7CONTENT',
  // A message of 16 MiB, of which the entry never ends.
  drip: Buffer.from([0x30, 0x84, 1, 0, 0, 0, 2, 1, 1, 0x64, 0x84, 0, 0xff, 0xff, 0, 4, 2]),
}
const framedDns = (answers: Parameters<typeof talker.dns>[0]): Server => {
  const reply = talker.dns(answers)
  return at => onceServer(query => talker.framed(reply(query.subarray(2))), at)
}
const DNS = { request: '/www.example.org', receive: '192[.]0' }
const dnsRefused = talker.dns([], 3)

const ROWS: Readonly<Record<string, Row>> = {
  http: web,
  https: { ...web, tls: true },
  http_proxy: { ...web, changes: { request: 'http://www.example.org/' } },
  ftp: {
    changes: { request: '/check', receive: 'well' },
    right: talker.ftp('all is well'),
    wrong: talker.ftp('sorry'),
    refusal: 'L7CONTENT',
    drip: '220-',
  },
  smtp: mail,
  submission: mail,
  pop,
  pops: { ...pop, tls: true },
  imap,
  imaps: { ...imap, tls: true },
  nntp: {
    right: talker.lines('200 news\r\n', []),
    wrong: talker.lines('502 no\r\n', []),
    refusal: 'L7STS',
    drip: '200 ',
  },
  ldap,
  ldaps: { ...ldap, tls: true },
  dns: {
    changes: DNS,
    right: framedDns([talker.A(192, 0, 2, 7)]),
    wrong: framedDns([talker.A(10, 0, 2, 7)]),
    refusal: 'L7CONTENT',
    drip: Buffer.from([0xff, 0xff, 0x12, 0x34, 0x81, 0x80, 0]),
  },
  'dns over UDP': {
    changes: DNS,
    protocol: 'udp',
    right: talker.udp(talker.dns([talker.A(192, 0, 2, 7)])),
    wrong: talker.udp(dnsRefused),
    refusal: 'L7STS',
    drip: 'x',
  },
  sip: {
    right: talker.answersOnce(talker.SIP_OK),
    wrong: talker.answersOnce(talker.SIP_OK.replace('200 OK', '404 Not Found')),
    refusal: 'L7STS',
    drip: 'SIP/2.0 200 OK',
  },
  'sip over UDP': {
    protocol: 'udp',
    right: talker.udp(() => Buffer.from(talker.SIP_OK)),
    wrong: talker.udp(() => Buffer.from(talker.SIP_OK.replace('200 OK', '404 Not Found'))),
    refusal: 'L7STS',
    drip: 'x',
  },
  simpletcp: {
    changes: { request: '/PING\\n', receive: 'PONG' },
    right: talker.answersOnce('PONG\n'),
    wrong: talker.answersOnce('GONE\n'),
    refusal: 'L7CONTENT',
    drip: 'x',
  },
  mysql: {
    changes: { request: '/SELECT 1' },
    right: talker.mysql(['1']),
    wrong: talker.mysql([]),
    refusal: 'L7CONTENT',
    drip: talker.MYSQL_HANDSHAKE,
    // A packet of seven megabytes, and more of them.
    flood: 'x',
  },
  pgsql: {
    changes: { request: '/SELECT 1' },
    right: talker.pgsql(['1']),
    wrong: talker.pgsql([]),
    refusal: 'L7CONTENT',
    // No TLS, then an authentication whose text never ends.
    drip: Buffer.from([0x4e, 0x52, 0x00, 0xff, 0xff, 0xff, 0]),
  },
  oracle: {
    changes: { request: '/SELECT 1 FROM dual', database: 'XE' },
    right: null,
    wrong: talker.answersOnce(talker.oracleRefusal(12505).toString('latin1')),
    refusal: 'L7STS',
    // An accept of 4095 bytes.
    drip: Buffer.from([0x0f, 0xff, 0, 0, 2, 0, 0, 0]),
  },
  radius: {
    protocol: 'udp',
    right: talker.udp(talker.radius(2)),
    wrong: talker.udp(talker.radius(3)),
    refusal: 'L7STS',
    drip: 'x',
  },
}

const bytes = (text: string | Buffer): Buffer => Buffer.from(text as string, 'latin1')

const drip =
  (text: string | Buffer): Script =>
  socket => {
    const all = bytes(text)
    let sent = 0
    const timer = setInterval(() => {
      socket.write(all.subarray(Math.min(sent, all.length - 1)).subarray(0, 1))
      sent++
    }, 15)
    socket.on('close', () => clearInterval(timer))
  }

/** Counts what the checks took. */
const flood =
  (row: Row, taken: { bytes: number }): Script =>
  socket => {
    const all = bytes(row.drip)
    const block = Buffer.alloc(65_536, row.flood ?? all.subarray(-1))
    socket.on('close', () => {
      taken.bytes += socket.bytesWritten
    })
    const more = (): void => {
      while (!socket.destroyed && socket.write(block));
      socket.once('drain', more)
    }
    socket.write(all)
    more()
  }

/** Sends to whoever has asked: a byte now and then, or datagrams as fast as it can, a bounded number of them. */
function talkative(kind: 'dripping' | 'endless'): Server {
  return async at => {
    const socket = createSocket(at?.address === '::1' ? 'udp6' : 'udp4')
    const timers: NodeJS.Timeout[] = []
    socket.on('message', (_request, { port, address }) => {
      const text = kind === 'dripping' ? 'x' : 'x'.repeat(1_000)
      const burst = (): void => {
        for (let n = kind === 'dripping' ? 1 : 50; n > 0; n--) socket.send(text, port, address, () => {})
      }
      timers.push(setInterval(burst, 15))
    })
    socket.bind(0, at?.address)
    await once(socket, 'listening')
    const close = async (): Promise<void> => {
      for (const timer of timers) clearInterval(timer)
      socket.close()
    }
    return { port: socket.address().port, close }
  }
}

const scripted =
  (script: Script, allowHalfOpen: boolean): Server =>
  at => {
    const listening: Script = (socket: Socket) => {
      socket.resume()
      script(socket, '')
    }
    return serve(listening, { ...at, atOnce: true, allowHalfOpen })
  }

const COLUMNS = ['right', 'wrong', 'refusing', 'hanging', 'dripping', 'endless'] as const
type Column = (typeof COLUMNS)[number]

function serverOf(row: Row, column: Column, taken: { bytes: number }): Server | null {
  const isUdp = row.protocol === 'udp'
  switch (column) {
    case 'right':
      return row.right
    case 'wrong':
      return row.wrong
    case 'refusing':
      return async at => ({ port: await refusingPort(at?.address), close: async () => {} })
    case 'hanging':
      return isUdp ? silent : scripted(() => {}, true)
    case 'dripping':
      return isUdp ? talkative('dripping') : scripted(drip(row.drip), true)
    case 'endless':
      return isUdp ? talkative('endless') : scripted(flood(row, taken), true)
  }
}

const silent: Server = at => datagramServer(() => [], at?.address)

/** Over UDP each datagram is an answer of its own: of no use, or one that radius must not believe. */
function wantedCodes(service: string, row: Row, column: Column): readonly OutcomeCode[] {
  switch (column) {
    case 'right':
      return ['OK']
    case 'wrong':
      return [row.refusal]
    case 'refusing':
      return ['L4CON']
    case 'hanging':
      return ['L7TOUT']
    case 'dripping':
      return row.protocol === 'udp' ? [service === 'radius' ? 'L7TOUT' : 'L7RSP'] : ['L7TOUT']
    case 'endless':
      return [service === 'radius' ? 'L7TOUT' : 'L7RSP']
  }
}

async function cell(t: ExecutionContext, name: string, row: Row, column: Column): Promise<void> {
  const [service = ''] = name.split(' ')
  for (const address of ADDRESSES) {
    const taken = { bytes: 0 }
    const open = serverOf(row, column, taken)
    if (open === null) continue
    const wanted = wantedCodes(service, row, column)
    const timeoutMs = wanted.includes('L7TOUT') ? DEADLINE_MS : PATIENT_MS
    const server = await open({ tls: row.tls === true, address })
    const credentials = { login: 'alice', passwd: 'secret', secret: 'sesame' }
    const protocol = row.protocol ?? 'tcp'
    const beganMs = performance.now()
    const outcome: Outcome = await runCheck(
      probeOf({ ...credentials, service, protocol, address, port: server.port, ...row.changes, timeoutMs }),
      never,
    )
    const tookMs = performance.now() - beganMs
    await server.close()
    const told = `${name}, ${column}, ${address}: ${outcome.code} ${outcome.detail}`
    t.true(wanted.includes(outcome.code), `${told}; wanted ${wanted}`)
    t.true(tookMs < timeoutMs + SLACK_MS, `${told}: took ${tookMs} ms of ${timeoutMs}`)
    t.regex(outcome.detail, /^[^\n]+$/, told)
    t.true(taken.bytes <= TAKEN_BYTES_MAX, `${told}: took ${taken.bytes} bytes`)
  }
}

// A library is loaded by the first check that needs it, which may take longer than the short deadline.
test.before(async () => {
  const port = await refusingPort()
  for (const name of SERVICES)
    await runCheck(
      probeOf({ login: 'a', database: 'd', request: '/x', service: name, port, ...ROWS[name]?.changes }),
      never,
    )
})

test('every service of ldirectord.cf that asks anything has a row', t => {
  const rows = new Set(Object.keys(ROWS).map(name => name.split(' ')[0]))
  t.deepEqual(
    SERVICES.filter(name => !rows.has(name)),
    ['none'],
  )
})

for (const column of COLUMNS)
  test.serial(
    `each service tells a server that is ${column} by its own outcome, over IPv4 and IPv6`,
    async t => {
      await Promise.all(Object.entries(ROWS).map(([name, row]) => cell(t, name, row, column)))
    },
  )
