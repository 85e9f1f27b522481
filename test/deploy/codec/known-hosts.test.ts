/** Host keys: the lines, hashes and fingerprints here were made by ssh-keygen of OpenSSH 9.2 (-t, -H, -l). */
import test from 'ava'
import { fingerprint, judge, knownHostsLine, knownTypes } from '../../../src/deploy/codec/known-hosts.js'

const A = 'AAAAC3NzaC1lZDI1NTE5AAAAIDcFQlOrtReapgTc203YEysPhNUnjmHMMRbOQbS5w4Yx'
const B = 'AAAAC3NzaC1lZDI1NTE5AAAAIIsoSkQXCMDRjsv+0ITCAB9GhAikB5jg4jfl1Lwmheml'
const C =
  'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEuoBqXcaKXpdq5Wb57L0qFq2OLXg30+2ty5PwC201SWbegkHOmrAVfs+zLTnV+1dU8HlHkW3fydJEX6sQ8gzK4='
const key = (base64: string): Buffer => Buffer.from(base64, 'base64')
const HASHED = `|1|1uxj7TcxgwJp7Ju1X2VLVOIyoEE=|UMegdfP37vqddhU4GFfSRTTxbaQ= ssh-ed25519 ${A}
|1|WBnxBSAAUF8e8gTWHZ182c654DE=|8YInQeodXwU+izyTGSBW7RFRkhg= ssh-ed25519 ${A}
|1|8ZG2eMcVOVKXmGAUBkKXPY3hUew=|Urffpk4s5ijNKRLi2ledH7iL65Q= ssh-ed25519 ${A}
`

test('a fingerprint is what ssh-keygen -l prints', t => {
  t.is(fingerprint(key(A)), 'SHA256:qgtBsLCPm9lXdXGrnDJ+pKardKOdzsO6OJ2OWQWh+9A')
  t.is(fingerprint(key(B)), 'SHA256:cRyqua4CQ08yL1DKbWAwUUR5lFoMfvsb9BGC5jHQTrY')
})

const rows: readonly (readonly [
  title: string,
  file: string,
  host: string,
  port: number,
  key: string,
  verdict: 'known' | 'unknown' | 'changed',
])[] = [
  ['a plain name', `web1,10.0.0.7 ssh-ed25519 ${A}`, 'web1', 22, A, 'known'],
  ['its address', `web1,10.0.0.7 ssh-ed25519 ${A}`, '10.0.0.7', 22, A, 'known'],
  ['another key of the same kind', `web1 ssh-ed25519 ${A}`, 'web1', 22, B, 'changed'],
  ['a key of another kind only', `web1 ssh-ed25519 ${A}`, 'web1', 22, C, 'unknown'],
  [
    'two keys on file, either of them',
    `web1 ssh-ed25519 ${A}\nweb1 ssh-ed25519 ${B}`,
    'web1',
    22,
    B,
    'known',
  ],
  ['another port', `web1 ssh-ed25519 ${A}`, 'web1', 2222, A, 'unknown'],
  ['the port in brackets', `[web1]:2222 ssh-ed25519 ${A}`, 'web1', 2222, A, 'known'],
  ['a hashed name', HASHED, 'web1', 22, A, 'known'],
  ['a hashed address', HASHED, '10.0.0.7', 22, A, 'known'],
  ['a hashed name with a port', HASHED, 'web1', 2222, A, 'known'],
  ['a hashed name with another key', HASHED, 'web1', 22, B, 'changed'],
  ['a pattern', `*.example.com ssh-ed25519 ${A}`, 'a.example.com', 22, A, 'known'],
  [
    'a pattern that leaves it out',
    `*.example.com,!a.example.com ssh-ed25519 ${A}`,
    'a.example.com',
    22,
    A,
    'unknown',
  ],
  ['a dot is no wildcard', `a.example.com ssh-ed25519 ${A}`, 'axexample.com', 22, A, 'unknown'],
  ['a revoked key', `web1 ssh-ed25519 ${A}\n@revoked web1 ssh-ed25519 ${A}`, 'web1', 22, A, 'changed'],
  [
    'an authority, which is not believed for a plain key',
    `@cert-authority * ssh-ed25519 ${A}`,
    'web1',
    22,
    A,
    'unknown',
  ],
  ['comments and empty lines', `# web1\n\n`, 'web1', 22, A, 'unknown'],
]
for (const [title, file, host, port, shown, verdict] of rows) {
  test(`${title}: ${verdict}`, t => {
    t.is(judge(file, host, port, key(shown)).verdict, verdict)
  })
}

test('a key that is learnt is known from then on', t => {
  const line = knownHostsLine('web1', 2222, key(C))
  t.is(judge(line, 'web1', 2222, key(C)).verdict, 'known')
  t.deepEqual(knownTypes(line, 'web1', 2222), ['ecdsa-sha2-nistp256'])
})
