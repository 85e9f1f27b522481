/** Defaults and inheritance: expected values from the reference page of ldirectord.cf and ldirectord(8). */
import test from 'ava'
import { type FallbackText, fallbackForm } from '../../../src/ldirectord/config/fallback-line.js'
import type { LdirectordConfig } from '../../../src/ldirectord/config/model.js'
import { configOf, ours } from './recorded.js'

const virtualOf = (globals: string, own: string) =>
  configOf(`${globals}virtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate\n${own}`).virtuals[0]!

const TIMEOUTS: readonly [globals: string, own: string, check: number, negotiate: number][] = [
  ['', '', 5, 30],
  ['checktimeout=7\n', '', 7, 7],
  ['negotiatetimeout=8\n', '', 8, 8],
  ['checktimeout=7\nnegotiatetimeout=8\n', '', 7, 8],
  ['checktimeout=7\nnegotiatetimeout=8\n', '\tchecktimeout=2\n', 2, 2],
  ['checktimeout=7\nnegotiatetimeout=8\n', '\tnegotiatetimeout=3\n', 3, 3],
  ['checktimeout=7\n', '\tchecktimeout=2\n\tnegotiatetimeout=3\n', 2, 3],
]
for (const [globals, own, check, negotiate] of TIMEOUTS) {
  test(`timeouts of ${JSON.stringify(globals + own)} are ${check} and ${negotiate}`, t => {
    const { checktimeout, negotiatetimeout } = virtualOf(globals, own)
    t.deepEqual([checktimeout, negotiatetimeout], [check, negotiate])
  })
}

test('quiescent and readdquiescent are off unless set, cleanstop is on', t => {
  const config = configOf('virtual=127.0.1.1:80\n\treal=127.0.2.1:80 gate\n')
  t.deepEqual(
    [config.quiescent, config.readdquiescent, config.cleanstop, config.forwarder],
    [false, false, true, 'auto'],
  )
  t.deepEqual([config.virtuals[0]!.quiescent, config.virtuals[0]!.cleanstop], [false, true])
})

test('a global that follows the section counts for it as well', t => {
  t.true(virtualOf('', 'quiescent=yes\n').quiescent)
})

test('a value of the section wins over the global one', t => {
  const virtual = virtualOf(
    'quiescent=yes\nfailurecount=3\nemailalert=a@b\nsmtp=x\n',
    '\tquiescent=no\n\tfailurecount=2\n\temailalert=c@d\n\tsmtp=y\n',
  )
  t.deepEqual(
    [virtual.quiescent, virtual.failurecount, virtual.emailalert, virtual.smtp],
    [false, 2, 'c@d', 'y'],
  )
})

test('a section has an interval of its own only with fork=yes', t => {
  t.is(virtualOf('checkinterval=4\n', '\tcheckinterval=2\n').checkinterval, 4)
  t.is(virtualOf('checkinterval=4\nfork=yes\n', '\tcheckinterval=2\n').checkinterval, 2)
})

test('a global fallback without a port serves on the port of each virtual service, and on 0 for a mark', t => {
  const config = configOf(
    'fallback=127.0.0.1 masq\nvirtual=127.0.1.1:8080\n\tservice=http\nvirtual=5\n\tservice=http\nvirtual6=6\n\tservice=http\n',
  )
  t.deepEqual(
    config.virtuals.map(({ fallback }) => fallback?.port ?? null),
    [8080, 0, null],
  )
  t.is(config.fallback?.port, null)
})

test('the pair of a real keeps receive and thresholds also where its request begins with a slash', t => {
  const { reals } = virtualOf('', '\treal=127.0.2.2:80 gate 5 "/a","b" l:1 u:2\n')
  const { request, receive, lower, upper } = reals[1]!
  t.deepEqual([request, receive, lower, upper], ['/a', 'b', 1, 2])
})

test('the written port of a gate server stays in the model', t => {
  t.is(virtualOf('', '\treal=127.0.2.2:8080 gate\n').reals[1]!.port, 8080)
})

test('forwarder takes auto, ipvs, nft and proxy, and nothing else', t => {
  t.is(configOf('forwarder=proxy\n').forwarder, 'proxy')
  t.is(
    ours('forwarder=pf\n').stderr,
    'Error [PID] reading file /etc/ha.d/ldirectord.cf at line 1: forwarder must be auto, ipvs, nft or proxy\n',
  )
})

test('times are bounded by what a timer can count', t => {
  t.is(virtualOf('checktimeout=99999999999999999999\n', '').checktimeout, 2_147_483)
})

test('marks 5 and 05 are the same mark, unlike in the original, where the second edits the first', t => {
  t.regex(ours('virtual=5\n\nvirtual=05\n\n').stderr, /at line 4: duplicate virtual server/)
})

test('ranges beyond 65536 servers in a file are refused', t => {
  const range = '\treal=10.0.0.0->10.0.255.255:80 gate\n'
  t.is(configOf(`virtual=127.0.1.1:80\n${range}`).virtuals[0]!.reals.length, 65_536)
  t.is(ours(`virtual=127.0.1.1:80\n${range}${range}`).linked.config, null)
})

test('the directives of stability are off unless set, and a section wins over the global value', t => {
  const bare = virtualOf('', '')
  t.deepEqual(
    [bare.recoverycount, bare.checkwindow, bare.panicthreshold, bare.flapbackoff],
    [1, null, 0, null],
  )
  const globals = 'recoverycount=3\ncheckwindow=7/10\npanicthreshold=40\nflapbackoff=10/600\n'
  const inherited = virtualOf(globals, '')
  t.deepEqual(
    [inherited.recoverycount, inherited.checkwindow, inherited.panicthreshold, inherited.flapbackoff],
    [3, { passes: 7, size: 10 }, 40, { first: 10, longest: 600 }],
  )
  t.deepEqual(virtualOf(globals, '\tcheckwindow=1/2\n').checkwindow, { passes: 1, size: 2 })
})

test('clients are told of only where that is asked for, and a section wins over the global value', t => {
  const told = (globals: string, own: string) => {
    const { proxyprotocol, forwardedfor } = virtualOf(globals, own)
    return [proxyprotocol, forwardedfor]
  }
  t.deepEqual(told('', ''), [null, false])
  t.deepEqual(told('proxyprotocol=v2\nforwardedfor=yes\n', ''), ['v2', true])
  t.deepEqual(told('proxyprotocol=v2\nforwardedfor=yes\n', '\tproxyprotocol=no\n\tforwardedfor=no\n'), [
    null,
    false,
  ])
})

test('fallback=sorry stands at the address and sorryport of each tcp service, and a mark gets none', t => {
  const file = configOf(
    'fallback=sorry\nsorryport=9000\nvirtual=127.0.1.1:80\n\tsorrypage=/a.html\nvirtual=5\n\treal=127.0.2.1 gate\n',
  )
  const [web, mark] = file.virtuals
  t.like(web!.fallback, { address: '127.0.1.1', port: 9000, method: 'masq' })
  t.deepEqual(web!.sorry, { port: 9000, page: '/a.html', retryAfter: 30 })
  t.deepEqual([mark!.fallback, mark!.sorry, file.fallback], [null, null, null])
})

test('a fallback that is a machine named sorry is written with its port', t => {
  t.is(virtualOf('', '\tfallback=127.0.0.1:80\n').sorry, null)
  const { value } = fallbackForm(4).parse('sorry:80') as { value: FallbackText }
  t.like(value, { host: 'sorry', port: '80', isSorry: false })
})

test('nothing about TLS is demanded unless set; a section wins, and a certificate and its key stay together', t => {
  t.deepEqual([virtualOf('', '').tls, virtualOf('tlsverify=no\n', '').tls], [null, null])
  const globals = 'tlsverify=yes\ntlsexpirywarn=30\ntlscert=/var/log/all.pem\ntlskey=/var/log/all.key\n'
  t.deepEqual(virtualOf(globals, '').tls, {
    tlsverify: true,
    tlscafile: null,
    tlsservername: null,
    tlscert: '/var/log/all.pem',
    tlskey: '/var/log/all.key',
    tlsexpirywarn: 30,
    tlsexpiryfail: null,
  })
  const own =
    '\ttlsverify=no\n\ttlscert=/var/log/own.pem # both\n\ttlsservername=www.example.org\n\ttlsexpiryfail=0\n'
  t.deepEqual(virtualOf(globals, own).tls, {
    tlsverify: false,
    tlscafile: null,
    tlsservername: 'www.example.org',
    tlscert: '/var/log/own.pem',
    tlskey: '/var/log/own.pem',
    tlsexpirywarn: 30,
    tlsexpiryfail: 0,
  })
})

test('a receivedigest is 32 or 64 hexadecimal digits in either case', t => {
  const md5 = 'D41D8CD98F00B204E9800998ECF8427E'
  t.is(virtualOf('', `\treceivedigest=${md5}\n`).receivedigest, md5.toLowerCase())
  t.is(virtualOf('', `\treceivedigest="${md5}${md5}"\n`).receivedigest, (md5 + md5).toLowerCase())
  t.is(virtualOf('', '').receivedigest, null)
})

for (const [line, where] of [
  ['tlsverify=maybe', 'global'],
  ['tlscafile=relative.pem', 'global'],
  ['tlscafile=/nowhere/ca.pem', 'global'],
  ['tlsservername=192.0.2.7', 'global'],
  ['tlsexpirywarn=soon', 'global'],
  ['tlskey=/var/log/key.pem', 'global'],
  ['receivedigest=abc', 'section'],
  ['receivedigest=d41d8cd98f00b204e9800998ecf8427eff', 'section'],
] as const) {
  test(`${line} is refused at its line`, t => {
    const text = where === 'global' ? `${line}\nvirtual=5\n\n` : `virtual=127.0.1.1:80\n\t${line}\n`
    const { config, diagnostics } = ours(text).linked
    const [error] = diagnostics.filter(({ severity }) => severity === 'error')
    t.is(config, null)
    t.is(error?.span?.line, where === 'global' ? 1 : 2)
  })
}

test('mails have no limits, checks no jitter and the proxy no number of workers unless set', t => {
  const used = configOf(
    'emailalertgroup=30\nemailalertlimit=12\nemailalertdetail=yes\ncheckjitter=20\nproxyworkers=3\n',
  )
  const unset = configOf('')
  const values = (file: LdirectordConfig) => [
    file.emailalertgroup,
    file.emailalertlimit,
    file.emailalertdetail,
    file.checkjitter,
    file.proxyworkers,
  ]
  t.deepEqual(values(unset), [0, null, false, 0, null])
  t.deepEqual(values(used), [30, 12, true, 20, 3])
})

const REFUSED: readonly [line: string, text: string][] = [
  ['sorryport=0', 'sorryport must be in range 1..65535'],
  ['sorryretryafter=86401', 'sorryretryafter must be in range 0..86400'],
  ['proxyprotocol=v3', 'proxyprotocol must be v1, v2 or no'],
  ['forwardedfor=maybe', "forwardedfor must be 'yes' or 'no'"],
  ['recoverycount=0', 'invalid recovery count value'],
  ['checkwindow=7', 'invalid check window'],
  ['checkwindow=11/10', 'invalid check window'],
  ['checkwindow=1/100000', 'invalid check window'],
  ['panicthreshold=101', 'panicthreshold must be in range 0..100'],
  ['flapbackoff=60/10', 'invalid flap back-off'],
  ['checkjitter=51', 'checkjitter must be in range 0..50'],
  ['proxyworkers=0', 'proxyworkers must be in range 1..15'],
  ['proxyworkers=16', 'proxyworkers must be in range 1..15'],
  ['emailalertlimit=0', 'invalid email alert limit'],
  ['emailalertgroup=soon', 'invalid email alert group'],
  ['emailalertdetail=maybe', "emailalertdetail must be 'yes' or 'no'"],
]
for (const [line, text] of REFUSED) {
  test(`${line} is refused with its line number`, t => {
    t.regex(ours(`${line}\n`).stderr, new RegExp(`at line 1: ${text}`))
  })
}
