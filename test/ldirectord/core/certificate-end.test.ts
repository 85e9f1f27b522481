import test from 'ava'
import type { Outcome } from '../../../src/ldirectord/checks/check.js'
import { CertificateWarnings, certificateText } from '../../../src/ldirectord/core/certificate-end.js'
import { config, real, virtual } from '../sample-config.js'

const DAY_MS = 86_400_000
const TLS = {
  tlsverify: false,
  tlscafile: null,
  tlsservername: null,
  tlscert: null,
  tlskey: null,
  tlsexpirywarn: 30,
  tlsexpiryfail: null,
}
const A = real('10.0.1.1:443')
const FILE = config([
  virtual('10.0.0.1:443', [A], { tls: TLS }),
  virtual('10.0.0.2:443', [A], { tls: { ...TLS, tlsexpirywarn: null, tlsexpiryfail: 1 } }),
])
const BOTH = [
  { virtual: 0, real: 0 },
  { virtual: 1, real: 0 },
]
const ending = (certificateEndsMs: number): Outcome => ({
  passed: true,
  code: 'OK',
  detail: '200 OK',
  certificateEndsMs,
})

test('a certificate is warned of once a day, from its days on, and only where the file asks for it', t => {
  const warnings = new CertificateWarnings()
  const end = 1_000 * DAY_MS
  const said = (beforeMs: number): string[] => warnings.after(FILE, BOTH, ending(end), end - beforeMs)
  t.deepEqual(said(31 * DAY_MS), [])
  t.deepEqual(said(29.5 * DAY_MS), [
    'Real server 10.0.1.1:443 (tcp:10.0.0.1:443): the certificate expires in 29 days',
  ])
  t.deepEqual(said(29.4 * DAY_MS), [])
  t.deepEqual(said(28.6 * DAY_MS), [])
  t.is(said(28.4 * DAY_MS).length, 1)
  t.deepEqual(said(-3 * DAY_MS), [
    'Real server 10.0.1.1:443 (tcp:10.0.0.1:443): the certificate expired 3 days ago',
  ])
})

test('an outcome without a certificate says nothing', t => {
  const outcome: Outcome = { passed: false, code: 'L4CON', detail: 'connection refused' }
  t.deepEqual(new CertificateWarnings().after(FILE, BOTH, outcome, 0), [])
})

test('days are whole ones, and one is not many', t => {
  t.deepEqual(
    [0.5, 1.5, 2.5, -0.5, -1.5].map(days => certificateText(days * DAY_MS)),
    [
      'the certificate expires in less than a day',
      'the certificate expires in 1 day',
      'the certificate expires in 2 days',
      'the certificate expired less than a day ago',
      'the certificate expired 1 day ago',
    ],
  )
})
