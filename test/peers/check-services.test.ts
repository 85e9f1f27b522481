/**
 * The negotiate checks against the real servers of Debian on loopback: what is right is up, a wrong password, text or
 * name is down with the server's own words, and a port that nobody serves is refused.
 */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import type { ExecutionContext } from 'ava'
import { request } from 'undici'
import { runCommand } from '../../src/base/io/run-command.js'
import type { Check, OutcomeCode, Probe } from '../../src/ldirectord/checks/check.js'
import { runCheck } from '../../src/ldirectord/checks/run-check.js'
import type { TlsDemands } from '../../src/ldirectord/config/model.js'
import { serve } from '../contract/check/scripted-server.js'
import { freePorts } from '../free-port.js'
import { probeOf } from '../ldirectord/checks/probe.js'
import { until } from './harness.js'
import {
  place,
  startDnsmasq,
  startDovecot,
  startExim,
  startFreeradius,
  startInn,
  startKamailio,
  startMariadb,
  startNginx,
  startPostgres,
  startSlapd,
  startSquid,
  startVsftpd,
} from './real-servers.js'
import { peerTest } from './require.js'

const never = new AbortController().signal
const ALICE = { login: 'alice', passwd: 'secret' }
const MALLORY = { login: 'alice', passwd: 'wrong-password' }

const UNVERIFIED: TlsDemands = {
  tlsverify: false,
  tlscafile: null,
  tlsservername: null,
  tlscert: null,
  tlskey: null,
  tlsexpirywarn: null,
  tlsexpiryfail: null,
}
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

type Row = readonly [changes: Partial<Probe>, code: OutcomeCode, detail: RegExp]

async function ask(t: ExecutionContext, rows: readonly Row[]): Promise<void> {
  for (const [changes, code, detail] of rows) {
    const outcome = await runCheck(probeOf({ timeoutMs: 10_000, ...changes }), never)
    const { passwd: _passwd, ...shown } = changes
    t.is(outcome.code, code, `${JSON.stringify(shown)}: ${outcome.detail}`)
    t.regex(outcome.detail, detail, JSON.stringify(shown))
  }
}

peerTest(
  'root',
  'slapd',
  'openssl',
)('ldap, ldaps: slapd', async t => {
  const [port = 0, tlsPort = 0] = await freePorts(2)
  await startSlapd(place(t), port, tlsPort)
  const ldap = { service: 'ldap', port, request: '/dc=example,dc=org' }
  const admin = { ...ldap, login: 'cn=admin,dc=example,dc=org', passwd: 'secret' }
  await ask(t, [
    [ldap, 'OK', /there/],
    [{ ...ldap, receive: '^dc=example' }, 'OK', /there/],
    [{ ...ldap, receive: 'dc=other' }, 'L7CONTENT', /does not match/],
    [{ ...ldap, request: '/' }, 'OK', /there/],
    [{ ...ldap, request: '/dc=nowhere' }, 'L7STS', /./],
    [admin, 'OK', /there/],
    [{ ...admin, passwd: 'wrong-password' }, 'L7STS', /credentials/i],
    [{ ...admin, service: 'ldaps', port: tlsPort }, 'OK', /there/],
    [{ ...ldap, service: 'ldaps' }, 'L6RSP', /TLS/],
  ])
})

peerTest('ldirectord')(
  'http: lines that end with a bare newline are read by the library of ldirectord 4.12 and by the check, not by undici',
  async t => {
    const answer = 'HTTP/1.1 200 OK\nContent-Length: 4\n\nwell'
    const server = await serve(socket => void socket.end(answer))
    const url = `http://127.0.0.1:${server.port}/`
    const program = 'print LWP::UserAgent->new(timeout => 5)->get(shift)->status_line'
    const { stdout, stderr } = await runCommand('perl', ['-MLWP::UserAgent', '-e', program, url], {
      timeoutMs: 10_000,
    })
    t.is(stdout, '200 OK', stderr)
    await ask(t, [[{ service: 'http', port: server.port, receive: 'well' }, 'OK', /^200 OK$/]])
    await t.throwsAsync(request(url, { reset: true }), { message: /Missing expected CR/ })
    await server.close()
  },
)

peerTest()('the checks that bring a library work as the bundles that are installed', async t => {
  const [port = 0] = await freePorts(1)
  const bundles = readdirSync('dist/bin').filter(name => /^check-.*\.cjs$/.test(name))
  t.deepEqual(
    bundles,
    ['dns', 'http-proxy', 'ldap', 'mysql', 'oracle', 'pgsql'].map(name => `check-${name}.cjs`),
  )
  for (const name of bundles) {
    const module = (await import(pathToFileURL(`dist/bin/${name}`).href)) as Record<string, Check>
    const check = Object.entries(module).find(([key]) => key.startsWith('check'))![1]
    const probe = probeOf({
      port,
      ...ALICE,
      request: '/SELECT 1',
      database: 'XE',
      receive: 'x',
      timeoutMs: 5_000,
    })
    const asked = name.includes('proxy') ? { ...probe, request: 'http://www.example.org/' } : probe
    const error = await t.throwsAsync<NodeJS.ErrnoException>(
      check(asked, new AbortController().signal, { reached: 'connecting' }),
    )
    t.is(error?.code, 'ECONNREFUSED', name)
  }
})

peerTest('root', 'dnsmasq-base')('dns: dnsmasq', async t => {
  const [port = 0] = await freePorts(1)
  await startDnsmasq(place(t), port)
  const dns = { service: 'dns', port, request: '/www.example.org', receive: '192\\.0\\.2\\.7' } as const
  for (const protocol of ['udp', 'tcp'] as const) {
    await ask(t, [
      [{ ...dns, protocol }, 'OK', /192\.0\.2\.7/],
      [{ ...dns, protocol, request: '/192.0.2.7', receive: 'mail' }, 'OK', /mail\.example\.org/],
      [{ ...dns, protocol, receive: '192\\.0\\.2\\.8' }, 'L7CONTENT', /none of 1/],
      [{ ...dns, protocol, request: '/elsewhere.example' }, 'L7STS', /REFUSED|NXDOMAIN|SERVFAIL/],
    ])
  }
})

peerTest(
  'root',
  'postgresql',
  'openssl',
)('pgsql: PostgreSQL that takes TLS only', async t => {
  const [port = 0] = await freePorts(1)
  await startPostgres(place(t), port)
  const pgsql = { service: 'pgsql', port, database: 'postgres', request: '/SELECT 1', ...ALICE }
  await until('PostgreSQL is up', 20_000, async () => (await runCheck(probeOf(pgsql), never)).passed)
  await ask(t, [
    [pgsql, 'OK', /row/],
    [{ ...pgsql, request: '/SELECT * FROM generate_series(1, 1000000)' }, 'OK', /row/],
    [{ ...pgsql, request: '/SELECT 1 WHERE false' }, 'L7CONTENT', /no row/],
    [{ ...pgsql, request: '/SELEC 1' }, 'L7STS', /syntax error/],
    [{ ...pgsql, ...MALLORY }, 'L7STS', /password authentication failed/],
    [{ ...pgsql, database: 'nowhere' }, 'L7STS', /does not exist/],
  ])
})

peerTest('root', 'mariadb-server-core')('mysql: MariaDB', async t => {
  const [port = 0] = await freePorts(1)
  await startMariadb(place(t), port)
  const mysql = { service: 'mysql', port, database: 'shop', request: '/SELECT 1', ...ALICE }
  await ask(t, [
    [mysql, 'OK', /row/],
    [{ ...mysql, request: '/SELECT n FROM stock' }, 'L7CONTENT', /no row/],
    [{ ...mysql, request: '/DO 0' }, 'L7CONTENT', /no row/],
    [{ ...mysql, request: '/SELEC 1' }, 'L7STS', /syntax/],
    [{ ...mysql, ...MALLORY }, 'L7STS', /Access denied/],
    [{ ...mysql, database: 'nowhere' }, 'L7STS', /nowhere/],
  ])
})

peerTest(
  'root',
  'dovecot-imapd',
  'dovecot-pop3d',
  'openssl',
)('imap, imaps, pop, pops: Dovecot', async t => {
  const [imap = 0, imaps = 0, pop = 0, pops = 0] = await freePorts(4)
  const ports = { imap, imaps, pop, pops }
  await startDovecot(place(t), ports)
  for (const [service, port] of Object.entries(ports)) {
    await ask(t, [
      [{ service, port }, 'OK', /Dovecot/],
      [{ service, port, ...ALICE }, 'OK', /logged in/],
      [{ service, port, ...MALLORY }, 'L7STS', /authentication failed/i],
    ])
  }
  await ask(t, [
    [{ service: 'imaps', port: imap }, 'L6RSP', /TLS/],
    [{ service: 'pop', port: imap }, 'L7RSP', /not POP3/],
    [{ service: 'smtp', port: pop }, 'L7RSP', /not SMTP/],
  ])
})

peerTest('root', 'vsftpd')('ftp: vsftpd', async t => {
  const [port = 0] = await freePorts(1)
  await startVsftpd(place(t), port)
  const ftp = { service: 'ftp', port, login: 'anonymous', passwd: 'ldirectord@director1' }
  const file = { ...ftp, request: '/check.txt', receive: 'is.well' }
  await ask(t, [
    [ftp, 'OK', /vsFTPd/],
    [file, 'OK', /matches/],
    [{ ...file, receive: 'sorry' }, 'L7CONTENT', /does not match/],
    [{ ...file, request: '/nowhere' }, 'L7STS', /^550/],
    [{ ...file, ...MALLORY }, 'L7STS', /^530/],
  ])
})

peerTest('root', 'freeradius')('radius: FreeRADIUS that demands a Message-Authenticator', async t => {
  const [port = 0] = await freePorts(1)
  await startFreeradius(place(t), port)
  const radius = { service: 'radius', protocol: 'udp', port, ...ALICE, secret: 'sesame' } as const
  await until('FreeRADIUS answers', 20_000, async () => (await runCheck(probeOf(radius), never)).passed)
  await ask(t, [
    [radius, 'OK', /Access-Accept/],
    [{ ...radius, ...MALLORY }, 'L7STS', /Access-Reject/],
    [{ ...radius, secret: 'open', timeoutMs: 1_500 }, 'L7TOUT', /no complete answer/],
  ])
})

peerTest('root', 'squid')('http_proxy: Squid', async t => {
  const [port = 0, refused = 0] = await freePorts(2)
  await startSquid(place(t), port)
  const origin = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { Location: '/page' })
    response.end(`via ${request.headers.via}`)
  }).listen(0, '127.0.0.1')
  t.teardown(() => origin.close())
  await until('the origin listens', 15_000, () => origin.listening)
  const { port: at } = origin.address() as { port: number }
  const secured = await serve(
    socket => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret')
    },
    { tls: true },
  )
  t.teardown(() => secured.close())
  const proxy = { service: 'http_proxy', port, request: `http://127.0.0.1:${at}/page` }
  await ask(t, [
    [{ ...proxy, receive: 'via.*squid' }, 'OK', /^200/],
    [{ ...proxy, request: `http://127.0.0.1:${at}/moved`, receive: 'squid' }, 'OK', /^200/],
    [{ ...proxy, request: `https://127.0.0.1:${secured.port}/`, receive: '^secret$' }, 'OK', /^200/],
    [{ ...proxy, request: `https://127.0.0.1:${refused}/` }, 'L7RSP', /tunnel/i],
    [{ ...proxy, receive: 'elsewhere' }, 'L7CONTENT', /does not match/],
    [{ ...proxy, request: `http://127.0.0.1:${refused}/` }, 'L7STS', /^50[0-9]/],
    [{ ...proxy, port: refused }, 'L4CON', /refused/],
  ])
})

peerTest(
  'root',
  'nginx',
  'openssl',
)('http, https: nginx', async t => {
  const [http = 0, https = 0] = await freePorts(2)
  const { pem } = await startNginx(place(t), http, https)
  const file = { request: '/check.txt', receive: 'is.well' }
  for (const [service, port] of Object.entries({ http, https })) {
    await ask(t, [
      [{ service, port, ...file }, 'OK', /^200 OK$/],
      [{ service, port, ...file, httpmethod: 'HEAD', receive: '' }, 'OK', /^200 OK$/],
      [{ service, port, request: '/host', virtualhost: 'www.example.org', receive: '^www' }, 'OK', /^200/],
      [{ service, port, ...file, request: '/moved' }, 'OK', /^200 OK$/],
      [{ service, port, ...file, receive: 'sorry' }, 'L7CONTENT', /does not match/],
      [{ service, port, request: '/nowhere' }, 'L7STS', /^404 /],
      [{ service, port, request: '/busy' }, 'L7STS', /^503 /],
      [{ service, port, ...file, receivedigest: md5('all is well\n') }, 'OK', /^200/],
    ])
  }
  const secured = { service: 'https', port: https, ...file }
  const tls = { ...UNVERIFIED, tlsverify: true, tlscafile: pem, tlsservername: 'elsewhere.example' }
  await ask(t, [
    [{ ...secured, tls }, 'OK', /^200/],
    [{ ...secured, tls: { ...tls, tlsservername: null } }, 'L6HOST', /not for 127\.0\.0\.1/],
    [{ ...secured, tls: { ...tls, tlscafile: null } }, 'L6CERT', /not trusted/],
    [
      { ...secured, tls: { ...UNVERIFIED, tlsexpiryfail: 2 } },
      'L6EXPIRED',
      /expires in less than a day|in 1 day/,
    ],
    [{ ...secured, port: http }, 'L6RSP', /TLS/],
    [{ service: 'http', port: https, ...file }, 'L7STS', /^400 /],
    [{ service: 'imap', port: http, timeoutMs: 500 }, 'L7TOUT', /no complete answer/],
  ])
})

peerTest('root', 'exim4-daemon-light')('smtp, submission: Exim', async t => {
  const [port = 0] = await freePorts(1)
  await startExim(place(t), port)
  await ask(t, [
    [{ service: 'smtp', port }, 'OK', /mail\.example\.org ESMTP Exim/],
    [{ service: 'submission', port }, 'OK', /ESMTP/],
    [{ service: 'pop', port }, 'L7RSP', /not POP3/],
    [{ service: 'imaps', port }, 'L6RSP', /TLS/],
  ])
})

peerTest('root', 'inn2')("nntp: INN's reader", async t => {
  const [port = 0] = await freePorts(1)
  await startInn(place(t), port)
  await ask(t, [
    [{ service: 'nntp', port }, 'OK', /^20[01] .*InterNetNews/],
    [{ service: 'imap', port }, 'L7RSP', /not IMAP/],
  ])
})

peerTest('root', 'kamailio')('sip: Kamailio', async t => {
  const [port = 0] = await freePorts(1)
  await startKamailio(place(t), port)
  for (const protocol of ['tcp', 'udp'] as const) {
    const sip = { service: 'sip', port, protocol, login: 'ldirectord@director1' }
    await ask(t, [
      [sip, 'OK', /^SIP\/2\.0 200 OK$/],
      [{ ...sip, login: 'nobody@director1' }, 'L7STS', /^SIP\/2\.0 404 Not here$/],
    ])
  }
})
