// Whatever the quick reader concludes of an answer, node's own parser concludes of the same bytes; odd ones are left to it.
import { type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'
import test from 'ava'
import fc from 'fast-check'
import { readPlainAnswer } from '../../../src/ldirectord/checks/core/plain-answer.js'

const RUNS = 2_000
/** Node reads, parses and tells within this many turns of its loop. */
const TURNS = 4

type Method = 'GET' | 'HEAD'
interface Told {
  readonly status: number
  readonly statusLine: string
  readonly location: string | undefined
  readonly body: string | null
}
type Verdict = Told | 'waits' | 'cut short' | 'not HTTP'

const wantsBody = (method: Method, status: number): boolean =>
  status >= 200 && status < 300 && method !== 'HEAD'

/** What node's client makes of it, asked as the check asks. */
async function nodeReads(said: Buffer, isOver: boolean, method: Method): Promise<Verdict> {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  let verdict: Verdict = 'waits'
  const conclude = (then: Verdict): void => {
    if (verdict === 'waits') verdict = then
  }
  const question = request({ method, createConnection: () => stream, insecureHTTPParser: true })
  let answer: IncomingMessage | null = null
  // As in the check, what follows a complete answer is no fault.
  const failed = ({ code }: NodeJS.ErrnoException): void => {
    if (!answer?.complete) conclude(code?.startsWith('HPE_') ? 'not HTTP' : 'cut short')
  }
  question.on('error', failed)
  question.once('response', response => {
    answer = response
    const { statusCode: status = 0, statusMessage = '', headers } = response
    const head = { status, statusLine: `${status} ${statusMessage}`.trim(), location: headers.location }
    response.on('error', failed)
    if (!wantsBody(method, status)) {
      conclude({ ...head, body: null })
      return
    }
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('end', () => conclude({ ...head, body: Buffer.concat(parts).toString('latin1') }))
  })
  question.end()
  stream.push(said)
  if (isOver) stream.push(null)
  for (let turn = 0; turn < TURNS; turn++) await new Promise(resolve => setImmediate(resolve))
  stream.destroy()
  question.destroy()
  return verdict
}

function quickReads(said: Buffer, isOver: boolean, method: Method): Verdict | 'odd' {
  const reading = readPlainAnswer(said, isOver, status => wantsBody(method, status))
  if (reading === 'odd') return reading
  if (reading === 'more') return isOver ? 'cut short' : 'waits'
  const { body, ...head } = reading
  return { ...head, body: body && Buffer.concat(body).toString('latin1') }
}

const FIELDS = [
  'Content-Length: 5',
  'content-length:5 ',
  'Content-Length: 0',
  'Content-Length: 12345678',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'transfer-encoding:\tCHUNKED',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Location: /there ',
  'Location: http://elsewhere/?a=b',
  'Location:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Upgrade',
  'Upgrade: h2c',
  'X-Name: caf\xe9\ttab ',
  'X-Empty:',
  'X Bad: name',
  'X-Bad : name',
  ' folded',
  '\tfolded',
  'no colon',
  'Proxy-Connection: close',
  'Trailer: X-Sum',
]
const BODIES = [
  'hello',
  '',
  'he',
  'hello and more',
  '5\r\nhello\r\n0\r\n\r\n',
  '2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n',
  '5;name=value\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  'A\r\n0123456789\r\n0\r\n\r\nmore',
  '5\r\nhelloX\r\n0\r\n\r\n',
  'g\r\n',
  '0\r\n\r\n',
  '5\r\nhel',
]
const STARTS = [
  ...['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1 200  OK'],
  ...['HTTP/1.1 204 No Content', 'HTTP/1.1 205 Reset', 'HTTP/1.1 206 Part', 'HTTP/1.1 299 Odd\ttab'],
  ...['HTTP/1.1 302 Found', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 503 Busy'],
  ...['HTTP/1.1 100 Continue', 'HTTP/1.1 101 Switch', 'HTTP/1.1 600 Far', 'HTTP/1.1 20 Short'],
  ...['HTTP/1.1 2000 Long', 'HTTP/2.0 200 OK', 'HTTP/0.9 200 OK', 'http/1.1 200 OK', 'ICY 200 OK', '<html>'],
]

const usual = fc
  .record({
    start: fc.constantFrom(...STARTS),
    fields: fc.array(fc.constantFrom(...FIELDS), { maxLength: 4 }),
    end: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n'),
    body: fc.constantFrom(...BODIES),
  })
  .map(({ start, fields, end, body }) => [start, ...fields, '', body].join(end))

/** One that is cut, or in which a byte is another. */
const answers = fc
  .tuple(
    usual,
    fc.option(fc.nat(200), { freq: 3 }),
    fc.option(fc.tuple(fc.nat(120), fc.nat(255)), { freq: 3 }),
  )
  .map(([text, cut, change]) => {
    const bytes = Buffer.from(text, 'latin1')
    if (change !== null && change[0] < bytes.length) bytes[change[0]] = change[1]
    return cut === null ? bytes : bytes.subarray(0, Math.max(1, cut))
  })

test('whatever the quick reader concludes, node concludes of the same bytes', async t => {
  let concluded = 0
  await fc.assert(
    fc.asyncProperty(
      answers,
      fc.boolean(),
      fc.constantFrom<Method>('GET', 'GET', 'HEAD'),
      async (said, isOver, method) => {
        const quick = quickReads(said, isOver, method)
        if (quick === 'odd') return
        concluded++
        t.deepEqual(quick, await nodeReads(said, isOver, method), JSON.stringify(said.toString('latin1')))
      },
    ),
    { numRuns: RUNS },
  )
  t.true(concluded > RUNS / 20, `it concluded only ${concluded} times`)
})

const PAGE = 'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n'
const PLAIN: readonly [title: string, text: string][] = [
  ['of a told length', `${PAGE}Content-Length: 2\r\nConnection: close\r\n\r\nok`],
  ['in chunks', `${PAGE}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
  ['up to the end of the connection', `${PAGE}\r\nok`],
  ['without a body', 'HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n'],
  ['that says no', 'HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n'],
  ['that leads elsewhere', 'HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n'],
]
for (const [title, text] of PLAIN)
  test(`an answer ${title} is read quickly`, async t => {
    const said = Buffer.from(text)
    const quick = quickReads(said, true, 'GET')
    t.true(typeof quick === 'object')
    t.deepEqual(quick, await nodeReads(said, true, 'GET'))
  })

test('an answer in pieces is waited for until its last byte, and no longer', async t => {
  for (const [, text] of PLAIN.slice(0, 2)) {
    const all = Buffer.from(text)
    const headEnds = text.indexOf('\r\n\r\n') + 4
    for (let length = headEnds; length < all.length; length++) {
      t.is(quickReads(all.subarray(0, length), false, 'GET'), 'waits')
      t.is(await nodeReads(all.subarray(0, length), false, 'GET'), 'waits')
    }
    t.is(typeof quickReads(all, false, 'GET'), 'object')
  }
})

test('a head of more than eight kilobytes is odd, whole or not', t => {
  const long = `${PAGE}X: ${'x'.repeat(8_192)}\r\nContent-Length: 2\r\n\r\nok`
  for (const text of [long, long.slice(0, 9_000)]) t.is(quickReads(Buffer.from(text), false, 'GET'), 'odd')
})
