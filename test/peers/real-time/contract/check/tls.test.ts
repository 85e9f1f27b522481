// What tlsverify, its companions and receivedigest demand of real handshakes and answers on loopback. Certificates are
// openssl's (certificates.ts); digests are those of md5sum and sha256sum.
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import type { Outcome, OutcomeCode, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import type { TlsDemands } from '../../../../../src/ldirectord/config/model.js'
import { CLIENT, EXPIRED, GOOD, ISSUER, NAMED } from '../../../../contract/check/certificates.js'
import { type Script, serve } from '../../../../contract/check/scripted-server.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

const never = new AbortController().signal
const folder = temporaryFolder({ teardown: test.after.always })
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const ISSUER_FILE = file('issuer.pem', ISSUER)
const CLIENT_CERT = file('client.pem', CLIENT.cert)
const CLIENT_KEY = file('client.key', CLIENT.key)

const demands = (changes: Partial<TlsDemands>): TlsDemands => ({
  tlsverify: false,
  tlscafile: null,
  tlsservername: null,
  tlscert: null,
  tlskey: null,
  tlsexpirywarn: null,
  tlsexpiryfail: null,
  ...changes,
})
const verified = (changes: Partial<TlsDemands> = {}): TlsDemands =>
  demands({ tlsverify: true, tlscafile: ISSUER_FILE, ...changes })

const page: Script = socket => {
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nall is well\n')
}

async function ask(
  t: ExecutionContext,
  shown: TlsOptions,
  probe: Partial<Probe>,
  script: Script = page,
  atOnce = false,
): Promise<Outcome> {
  const server = await serve(script, { tls: shown, atOnce })
  t.teardown(() => server.close())
  return runCheck(probeOf({ service: 'https', port: server.port, timeoutMs: 8_000, ...probe }), never)
}

type Row = readonly [
  what: string,
  shown: TlsOptions,
  tls: TlsDemands | null,
  code: OutcomeCode,
  detail: RegExp,
  probe?: Partial<Probe>,
]
const WWW = { tlsservername: 'www.example.org' }
const ROWS: readonly Row[] = [
  ['an expired certificate of an unknown issuer, unverified', EXPIRED, null, 'OK', /^200/],
  ['a right certificate for the address', GOOD, verified(), 'OK', /^200/],
  ['a right certificate for the name', NAMED, verified(WWW), 'OK', /^200/],
  ['a name from virtualhost', NAMED, verified(), 'OK', /^200/, { virtualhost: 'www.example.org:8443' }],
  ['an expired certificate', EXPIRED, verified(), 'L6EXPIRED', /^the certificate has expired$/],
  [
    'a certificate without the address',
    NAMED,
    verified(),
    'L6HOST',
    /^the certificate is not for 127\.0\.0\.1: /,
  ],
  [
    'a certificate of another name',
    GOOD,
    verified({ tlsservername: 'shop.example.org' }),
    'L6HOST',
    /^the certificate is not for shop\.example\.org: .*www\.example\.org/,
  ],
  [
    'an issuer that the system does not know',
    GOOD,
    verified({ tlscafile: null }),
    'L6CERT',
    /^the certificate is not trusted: /,
  ],
  [
    'a file of issuers that is gone',
    GOOD,
    verified({ tlscafile: '/nowhere/ca.pem' }),
    'ERROR',
    /\/nowhere\/ca\.pem cannot be read/,
  ],
  [
    'a key that is none',
    GOOD,
    demands({ tlscert: CLIENT_CERT, tlskey: ISSUER_FILE }),
    'ERROR',
    /cannot be used for TLS/,
  ],
  ['a certificate that ends soon, warned of', GOOD, demands({ tlsexpirywarn: 40_000 }), 'OK', /^200/],
  [
    'a certificate that ends too soon',
    GOOD,
    demands({ tlsexpiryfail: 40_000 }),
    'L6EXPIRED',
    /^the certificate expires in \d+ days$/,
  ],
  [
    'an expired certificate, unverified but watched',
    EXPIRED,
    demands({ tlsexpiryfail: 0 }),
    'L6EXPIRED',
    /^the certificate expired \d+ days ago$/,
  ],
]

for (const [what, shown, tls, code, detail, probe] of ROWS) {
  test(`https: ${what} gives ${code}`, async t => {
    const outcome = await ask(t, shown, { tls, ...probe })
    t.is(outcome.code, code, outcome.detail)
    t.regex(outcome.detail, detail)
    t.is(outcome.passed, code === 'OK')
  })
}

const GREETINGS = { imaps: '* OK hello\r\n', pops: '+OK hello\r\n' }
for (const [service, greeting] of Object.entries(GREETINGS)) {
  test(`${service}: a right certificate is taken, an expired one and one of another name have their own codes`, async t => {
    const hello: Script = socket => {
      socket.write(greeting)
    }
    const code = async (shown: TlsOptions, tls: TlsDemands): Promise<string> =>
      (await ask(t, shown, { service, tls }, hello, true)).code
    t.is(await code(GOOD, verified()), 'OK')
    t.is(await code(EXPIRED, verified()), 'L6EXPIRED')
    t.is(await code(NAMED, verified()), 'L6HOST')
    t.is(await code(GOOD, verified({ tlscafile: null })), 'L6CERT')
  })
}

test('ldaps: an expired certificate and one of another name have their own codes', async t => {
  const ldaps = { service: 'ldaps', tls: verified() }
  t.is((await ask(t, EXPIRED, ldaps, () => {}, true)).code, 'L6EXPIRED')
  t.is((await ask(t, NAMED, ldaps, () => {}, true)).code, 'L6HOST')
})

test('http: a redirect to https is verified by the name of its URL', async t => {
  const secured = await serve(page, { tls: NAMED })
  const redirecting = await serve(socket => {
    socket.end(
      `HTTP/1.1 302 Found\r\nLocation: https://localhost:${secured.port}/\r\nContent-Length: 0\r\n\r\n`,
    )
  })
  t.teardown(() => Promise.all([secured.close(), redirecting.close()]))
  const probe = { service: 'http', port: redirecting.port, tls: verified(WWW) }
  const outcome = await runCheck(probeOf(probe), never)
  t.is(outcome.code, 'L6HOST', outcome.detail)
  t.regex(outcome.detail, /not for localhost/)
})

test('the name is asked for where one is set, and never an address', async t => {
  const asked: (string | undefined)[] = []
  const noting: TlsOptions = {
    ...GOOD,
    SNICallback: (name, done) => {
      asked.push(name)
      done(null)
    },
  }
  await ask(t, noting, { tls: demands(WWW) })
  await ask(t, noting, { tls: verified() })
  await ask(t, noting, { tls: null, virtualhost: 'www.example.org' })
  t.deepEqual(asked, ['www.example.org'])
})

test('a server that demands a certificate gets that of tlscert, and one that is renewed is used at once', async t => {
  const demanding: TlsOptions = { ...GOOD, ca: ISSUER, requestCert: true, rejectUnauthorized: true }
  const tls = demands({ tlscert: CLIENT_CERT, tlskey: CLIENT_KEY })
  t.is((await ask(t, demanding, { tls })).code, 'OK')
  const without = await ask(t, demanding, { tls: null })
  t.false(without.passed)
  const both = file('renewed.pem', EXPIRED.key + EXPIRED.cert)
  const renewed = demands({ tlscert: both, tlskey: both })
  t.false((await ask(t, demanding, { tls: renewed })).passed, 'expired')
  writeFileSync(both, CLIENT.key + CLIENT.cert)
  utimesSync(both, 1, 1)
  t.is((await ask(t, demanding, { tls: renewed })).code, 'OK')
})

test('the end of a certificate is told where it is watched, and only there', async t => {
  const ends = Date.UTC(2126, 0, 1)
  t.is((await ask(t, GOOD, { tls: demands({ tlsexpirywarn: 1 }) })).certificateEndsMs, ends)
  t.is((await ask(t, GOOD, { tls: verified() })).certificateEndsMs, undefined)
})

// printf 'all is well\n' | md5sum, sha256sum
const MD5 = '2670f929ce8c93af815ba0ae8fd591ff'
const SHA256 = 'd40b628baf7f757149f5b6d6d6aca317d478ef3a29433064d21cfdd06fb33b8d'

test('an answer must have its digest; another one is told, so that it can be written into the file', async t => {
  const outcome = (receivedigest: string) => ask(t, GOOD, { receivedigest })
  t.is((await outcome(MD5)).code, 'OK')
  t.is((await outcome(SHA256)).code, 'OK')
  const other = await outcome('0'.repeat(32))
  t.is(other.code, 'L7CONTENT')
  t.is(other.detail, `200 OK, but its md5 digest is ${MD5}, not receivedigest`)
  t.is((await ask(t, GOOD, { receivedigest: MD5, receive: 'sorry' })).code, 'L7CONTENT', 'receive counts too')
  t.deepEqual((await ask(t, GOOD, { showDigest: true })).digests, { md5: MD5, sha256: SHA256 })
})

test('a digest is of the whole answer, also of what receive does not see', async t => {
  const size = 1_500_000
  const big =
    (end: string): Script =>
    socket => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size - 1)}${end}`)
    }
  const { digests } = await ask(t, GOOD, { showDigest: true }, big('y'))
  const receivedigest = digests!.sha256
  t.is((await ask(t, GOOD, { receivedigest }, big('y'))).code, 'OK')
  t.is((await ask(t, GOOD, { receivedigest }, big('z'))).code, 'L7CONTENT')
})
