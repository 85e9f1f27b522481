// The contract of check.test.ts for the other services: each kind of fault gives its own outcome within the deadline,
// and nothing stays open. Local servers and real time; only what must time out has a short deadline.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import test, { type ExecutionContext } from 'ava'
import type { Outcome, OutcomeCode, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { datagramServer } from '../../../../contract/check/line-server.js'
import { deafPort, refusingPort, type Script, serve } from '../../../../contract/check/scripted-server.js'
import { oracleRefusal } from '../../../../contract/check/talkers.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'
import { until } from '../../until.js'

const DEADLINE_MS = 400
const PATIENT_MS = 8_000
const SLACK_MS = 1_500
const never = new AbortController().signal

/** Short enough to be seen in a text by chance, long enough not to be: what must never be shown. */
const SECRETS = { login: 'alice', passwd: 'xyzzy-hidden-1', secret: 'xyzzy-hidden-2' }

const BASE: Readonly<Record<string, Partial<Probe>>> = {
  ftp: { request: '/check', receive: 'well' },
  dns: { request: '/www.example.org', receive: '192' },
  mysql: { request: '/SELECT 1', database: 'test' },
  pgsql: { request: '/SELECT 1', database: 'test' },
  oracle: { request: '/SELECT 1 FROM dual', database: 'XE' },
  http_proxy: { request: 'http://www.example.org/' },
  simpletcp: { receive: 'PONG' },
}

const probe = (service: string, changes: Partial<Probe>): Probe =>
  probeOf({ service, timeoutMs: PATIENT_MS, ...SECRETS, ...BASE[service], ...changes })

async function runWithin(t: ExecutionContext, asked: Probe): Promise<Outcome> {
  const startedMs = performance.now()
  const outcome = await runCheck(asked, never)
  const tookMs = performance.now() - startedMs
  t.true(tookMs < asked.timeoutMs + SLACK_MS, `took ${tookMs} ms of ${asked.timeoutMs}`)
  for (const hidden of [SECRETS.passwd, SECRETS.secret])
    t.false(JSON.stringify(outcome).includes(hidden), 'a secret is shown')
  t.false(outcome.detail.includes('\n'))
  return outcome
}

const drip: Script = socket => {
  const timer = setInterval(() => socket.write('2'), 20)
  socket.on('close', () => clearInterval(timer))
}
const say =
  (text: string | Buffer): Script =>
  socket => {
    socket.write(text)
  }
const flood =
  (piece: string): Script =>
  socket => {
    const block = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)), 'latin1')
    const more = (): void => {
      while (!socket.destroyed && socket.write(block));
      socket.once('drain', more)
    }
    more()
  }

interface Fault {
  readonly server: string
  readonly script: Script
  readonly code: OutcomeCode
  /** Services for which this is no fault, or another one. */
  readonly not?: readonly string[]
}

const TCP = 'ftp smtp submission pop imap nntp ldap dns sip simpletcp mysql pgsql oracle http_proxy'.split(
  ' ',
)
const SPEAK_FIRST = ['ftp', 'smtp', 'submission', 'pop', 'imap', 'nntp', 'mysql']

const FAULTS: readonly Fault[] = [
  // simpletcp says that it is done, which ends the connection of such a server.
  { server: 'silence', script: () => {}, code: 'L7TOUT', not: ['simpletcp'] },
  // 2 is what these wait for, but a line has an end; to the others it is another protocol.
  {
    server: 'a byte now and then',
    script: drip,
    code: 'L7TOUT',
    not: ['mysql', 'pgsql', 'ldap', 'http_proxy'],
  },
  {
    server: 'an early close',
    script: socket => {
      socket.end()
    },
    code: 'L7RSP',
  },
  {
    server: 'a reset',
    script: socket => {
      setTimeout(() => socket.resetAndDestroy(), 30)
    },
    code: 'L7RSP',
  },
  {
    server: 'another protocol',
    script: say('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    code: 'L7RSP',
    // For dns these are two bytes of length and the wait for the rest; simpletcp and a proxy read on.
    not: ['dns', 'simpletcp', 'http_proxy'],
  },
  { server: 'a line without end', script: flood('2'), code: 'L7RSP' },
  { server: 'lines without end', script: flood('220-more\r\n'), code: 'L7RSP', not: ['nntp'] },
]

// A library is loaded by the first check that needs it, which may take longer than the short deadline here.
test.before(async () => {
  const port = await refusingPort()
  for (const service of TCP) await runCheck(probe(service, { port }), never)
})

for (const service of TCP) {
  for (const { server: name, script, code, not = [] } of FAULTS) {
    if (not.includes(service)) continue
    test.serial(`${service}: ${name} gives ${code}`, async t => {
      const listening: Script = socket => {
        socket.resume()
        script(socket, '')
      }
      const server = await serve(listening, { atOnce: true, allowHalfOpen: service === 'simpletcp' })
      try {
        const timeoutMs = code.endsWith('TOUT') ? DEADLINE_MS : PATIENT_MS
        const outcome = await runWithin(t, probe(service, { port: server.port, timeoutMs }))
        t.is(outcome.code, code, outcome.detail)
        await until(() => server.open() === 0)
        t.is(server.open(), 0, 'a connection stayed open')
      } finally {
        await server.close()
      }
    })
  }

  test.serial(`${service}: a refused connection gives L4CON`, async t => {
    const outcome = await runWithin(t, probe(service, { port: await refusingPort() }))
    t.deepEqual([outcome.code, outcome.detail], ['L4CON', 'connection refused'])
  })

  test.serial(`${service}: a daemon that stops leaves no connection`, async t => {
    const server = await serve(drip, { atOnce: true, allowHalfOpen: service === 'simpletcp' })
    const stopping = new AbortController()
    const outcome = runCheck(probe(service, { port: server.port, timeoutMs: 60_000 }), stopping.signal)
    await until(() => server.open() > 0)
    stopping.abort()
    t.regex((await outcome).detail, /stops/)
    await until(() => server.open() === 0)
    t.is(server.open(), 0)
    await server.close()
  })
}

test.serial('the services: a port that does not accept gives L4TOUT', async t => {
  const deaf = await deafPort()
  try {
    for (const service of [...TCP, 'ldaps', 'pops', 'imaps']) {
      const outcome = await runWithin(t, probe(service, { port: deaf.port, timeoutMs: DEADLINE_MS }))
      t.deepEqual([service, outcome.code], [service, 'L4TOUT'])
    }
  } finally {
    deaf.close()
  }
})

for (const service of ['pops', 'imaps', 'ldaps']) {
  test.serial(
    `${service}: a server that speaks plain text gives L6RSP, one that is silent L7TOUT`,
    async t => {
      const plain = await serve(say('220 plain text\r\n'), { atOnce: true })
      const spoken = await runWithin(t, probe(service, { port: plain.port }))
      await plain.close()
      const silent = await serve(() => {})
      const waited = await runWithin(t, probe(service, { port: silent.port, timeoutMs: DEADLINE_MS }))
      await silent.close()
      t.deepEqual([spoken.code, waited.code], ['L6RSP', 'L7TOUT'], spoken.detail)
      t.regex(waited.detail, /TLS/)
    },
  )
}

test.serial('pops, imaps: an expired certificate of another name is taken, as in the original', async t => {
  for (const [service, greeting] of [
    ['pops', '+OK hello\r\n'],
    ['imaps', '* OK hello\r\n'],
  ] as const) {
    const server = await serve(say(greeting), { tls: true, atOnce: true })
    const outcome = await runWithin(t, probe(service, { port: server.port, login: '' }))
    await server.close()
    t.is(outcome.code, 'OK', outcome.detail)
  }
})

const UDP = ['dns', 'sip', 'radius', 'simpletcp']
for (const service of UDP) {
  test.serial(`${service} over UDP: a closed port gives L4CON, silence L7TOUT`, async t => {
    const silent = await datagramServer(() => [])
    const waiting = { port: silent.port, protocol: 'udp' as const, timeoutMs: DEADLINE_MS }
    const waited = await runWithin(t, probe(service, waiting))
    await silent.close()
    const refused = await runWithin(t, probe(service, { port: silent.port, protocol: 'udp' }))
    t.is(silent.sent.length, 1)
    t.deepEqual([waited.code, refused.code, refused.detail], ['L7TOUT', 'L4CON', 'connection refused'])
  })
}

for (const service of ['dns', 'sip', 'radius']) {
  test.serial(`${service} over UDP: a lost datagram is sent again`, async t => {
    const server = await datagramServer((_request, number) => (number === 0 ? [] : [Buffer.alloc(0)]))
    const outcome = runCheck(
      probe(service, { port: server.port, protocol: 'udp', timeoutMs: 3_000 }),
      new AbortController().signal,
    )
    await until(() => server.sent.length >= 2)
    t.deepEqual(server.sent[0], server.sent[1])
    await outcome
    await server.close()
  })
}

test.serial('over UDP text that is not of the protocol gives L7RSP', async t => {
  const server = await datagramServer(() => [Buffer.from('hello')])
  for (const service of ['dns', 'sip']) {
    const outcome = await runWithin(t, probe(service, { port: server.port, protocol: 'udp' }))
    t.deepEqual([service, outcome.code], [service, 'L7RSP'])
  }
  await server.close()
})

test.serial(
  'a server that repeats the password in its refusal does not bring it into the outcome',
  async t => {
    const echo = `wrong password ${SECRETS.passwd} for alice`
    const cases: readonly (readonly [string, Script])[] = [
      ['pop', say(`+OK\r\n+OK\r\n-ERR ${echo}\r\n`)],
      ['imap', say(`* OK\r\na1 NO ${echo}\r\n`)],
      ['ftp', say(`220 hello\r\n331 who\r\n530 ${echo}\r\n`)],
      ['smtp', say(`554 ${echo}\r\n`)],
      ['mysql', say(mysqlError(echo))],
      ['pgsql', () => {}],
    ]
    for (const [service, script] of cases) {
      const server = await serve(
        socket => {
          // pgsql: no TLS, then the refusal of the login.
          if (service === 'pgsql') {
            socket.once('data', () => {
              socket.write('N')
              socket.once('data', () => socket.write(pgError(echo)))
            })
          } else script(socket, '')
        },
        { atOnce: true },
      )
      const outcome = await runWithin(t, probe(service, { port: server.port }))
      await server.close()
      t.is(outcome.code, 'L7STS', `${service}: ${outcome.detail}`)
      t.regex(outcome.detail, /wrong password \*\*\* for alice/)
    }
  },
)

/** An error packet in place of a handshake: 0xff, number, # and SQL state, text. */
function mysqlError(text: string): Buffer {
  const body = Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from(`#28000${text}`)])
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body])
}

/** ErrorResponse: E, length, fields of a letter and a text that ends with a zero byte. */
function pgError(text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${text}\0\0`)
  const head = Buffer.from([0x45, 0, 0, 0, 0])
  head.writeUInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

test.serial('a login with a line break is an error of the check and reaches no server', async t => {
  for (const service of ['pop', 'imap', 'ftp']) {
    const greeting = { pop: '+OK\r\n', imap: '* OK\r\n', ftp: '220 hello\r\n' }[service]!
    const own = await serve(say(greeting), { atOnce: true })
    const outcome = await runWithin(t, probe(service, { port: own.port, login: 'a\r\nDELE 1' }))
    await own.close()
    t.deepEqual([service, outcome.code], [service, 'ERROR'])
  }
})

test.serial(
  'mysql, pgsql, oracle: without login or request the original says why, and so it is here',
  async t => {
    const sentence =
      'Error: Must specify a login and request string for MySQL, Oracle and PostgreSQL checks. Not adding 127.0.0.1.'
    for (const service of ['mysql', 'pgsql', 'oracle']) {
      for (const changes of [{ login: '' }, { request: '/' }]) {
        const outcome = await runWithin(t, probe(service, changes))
        t.deepEqual([outcome.code, outcome.detail], ['ERROR', sentence])
      }
    }
  },
)

test.serial(
  'oracle: a listener that does not know the SID says so, and is asked for what the file names',
  async t => {
    const heard: string[] = []
    const server = await serve(
      socket => {
        socket.once('data', data => {
          heard.push(data.toString('latin1'))
          socket.write(oracleRefusal(12505))
        })
      },
      { atOnce: true },
    )
    const outcome = await runWithin(t, probe('oracle', { port: server.port, login: 'alice' }))
    await server.close()
    t.is(outcome.code, 'L7STS', outcome.detail)
    t.regex(outcome.detail, /SID "XE" is not registered/i)
    t.false(outcome.detail.includes('127.0.0.1'))
    t.regex(heard[0]!, /\(SID=XE\)/)
    t.is(heard[0]!.charCodeAt(4), 1, 'a connect packet')
  },
)

test.serial('oracle: a listener that sends the check elsewhere is not followed', async t => {
  const packet = Buffer.from([0, 10, 0, 0, 5, 0, 0, 0, 0, 0])
  const server = await serve(say(packet), { atOnce: true })
  const outcome = await runWithin(t, probe('oracle', { port: server.port }))
  await server.close()
  t.deepEqual([outcome.code, outcome.detail], ['L7RSP', 'the listener sends the check to another address'])
})

test.serial('oracle: without a SID, or with one that would be more than a name, nobody is asked', async t => {
  for (const database of ['', 'XE)(HOST=elsewhere']) {
    const outcome = await runWithin(t, probe('oracle', { database }))
    t.deepEqual([outcome.code, outcome.detail], ['ERROR', 'service=oracle needs a database: its SID'])
  }
})

test.serial('the services that speak first are also checked over IPv6', async t => {
  for (const service of SPEAK_FIRST.filter(name => name !== 'mysql')) {
    const greeting = { pop: '+OK\r\n', imap: '* OK\r\n' }[service] ?? '220 hello\r\n'
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write('250 ok\r\n'))
      socket.write(greeting)
    }).listen(0, '::1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const outcome = await runWithin(t, probe(service, { address: '::1', port, login: '', receive: '' }))
    server.close()
    t.deepEqual([service, outcome.code], [service, 'OK'], outcome.detail)
  }
})

test.serial(
  'ftp over IPv6 fetches its file by EPSV, in whatever marks the server puts around the port',
  async t => {
    for (const mark of ['|', '!']) {
      const data = createServer(socket => socket.end('all is well')).listen(0, '::1')
      await once(data, 'listening')
      const { port: dataPort } = data.address() as AddressInfo
      const offer = `229 Extended (${mark.repeat(3)}${dataPort}${mark})\r\n`
      const replies: Readonly<Record<string, string>> = {
        PASS: '230 in\r\n',
        USER: '331 who\r\n',
        EPSV: offer,
      }
      const control = createServer(socket => {
        socket.write('220 hello\r\n')
        socket.on('error', () => {})
        socket.on('data', line => socket.write(replies[line.toString().slice(0, 4)] ?? '200 ok\r\n'))
      }).listen(0, '::1')
      await once(control, 'listening')
      const { port } = control.address() as AddressInfo
      const outcome = await runWithin(t, probe('ftp', { address: '::1', port }))
      control.close()
      data.close()
      t.is(outcome.code, 'OK', outcome.detail)
    }
  },
)

test.serial('ftp: a data port that refuses or says nothing is told apart from a refused server', async t => {
  const control = (port: number): Script => {
    const replies: Readonly<Record<string, string>> = {
      USER: '230 in\r\n',
      PASV: `227 (10,1,2,3,${port >> 8},${port & 255})\r\n`,
      RETR: '150 here\r\n',
    }
    return socket => {
      socket.write('220 hello\r\n')
      socket.on('data', line => socket.write(replies[line.toString().slice(0, 4)] ?? '200 ok\r\n'))
    }
  }
  const refusing = await serve(control(await refusingPort()), { atOnce: true })
  const refused = await runWithin(t, probe('ftp', { port: refusing.port }))
  await refusing.close()
  t.is(refused.code, 'L7RSP')
  t.regex(refused.detail, /^no data connection to port \d+: connection refused$/)

  const endless = await serve(flood('x'), { atOnce: true })
  const talking = await serve(control(endless.port), { atOnce: true })
  const cut = await runWithin(t, probe('ftp', { port: talking.port }))
  await talking.close()
  await endless.close()
  t.is(cut.code, 'L7RSP')
  t.regex(cut.detail, /the file is longer/)
})

test.serial(
  'sip, radius over IPv6: the address of the question is written as the protocol wants it',
  async t => {
    const server = await datagramServer(() => [Buffer.from('SIP/2.0 200 OK\r\n\r\n')], '::1')
    const v6 = { address: '::1', port: server.port, protocol: 'udp' as const }
    const answered = await runWithin(t, probe('sip', v6))
    await runWithin(t, probe('radius', { ...v6, timeoutMs: DEADLINE_MS }))
    await server.close()
    t.is(answered.code, 'OK', answered.detail)
    t.regex(server.sent[0]!.toString(), /^Via: SIP\/2\.0\/UDP \[::1\]:\d+;branch=z9hG4bK/m)
    t.true(server.sent[1]!.includes('ldirectord'))
  },
)

test.serial(
  'http_proxy: redirects are followed through the proxy, an https URL asks it for a tunnel',
  async t => {
    const asked: string[] = []
    const proxy = await serve((socket, request) => {
      asked.push(request.split('\r\n')[0]!)
      if (request.startsWith('CONNECT')) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      else if (request.includes('/old'))
        socket.end('HTTP/1.1 301 Moved\r\nLocation: http://other.example/new\r\nContent-Length: 0\r\n\r\n')
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell')
    })
    const ask = (request: string): Promise<Outcome> =>
      runWithin(t, probe('http_proxy', { port: proxy.port, request, receive: 'well' }))
    const moved = await ask('http://www.example.org/old')
    const tunnel = await ask('https://www.example.org/')
    await proxy.close()
    t.is(moved.code, 'OK', moved.detail)
    t.is(tunnel.code, 'L7RSP')
    t.regex(tunnel.detail, /403/)
    t.deepEqual(asked, [
      'GET http://www.example.org/old HTTP/1.1',
      'GET http://other.example/new HTTP/1.1',
      'CONNECT www.example.org:443 HTTP/1.1',
    ])
  },
)
