import test from 'ava'
import fc from 'fast-check'
import { ForwardedFor } from '../../../src/ldirectord/proxy/core/forwarded-for.js'

const CLIENT = '192.0.2.7'
const ADDED = `X-Forwarded-For: ${CLIENT}\r\n`

/** What comes out for the pieces of a stream; null once it was refused. */
function through(pieces: readonly Buffer[]): string | null {
  const rewriter = new ForwardedFor(CLIENT)
  let text = ''
  for (const piece of pieces) {
    const out = rewriter.push(piece)
    if (out === null) return null
    text += Buffer.concat(out).toString('latin1')
  }
  return text + (rewriter.end()?.toString('latin1') ?? '')
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map(place => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, n) => bytes.subarray(ends[n - 1] ?? 0, end))
}

const places = fc.array(fc.nat(), { maxLength: 8 })
const bytesText = fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes).toString('latin1'))
const word = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/).map(text => `x-${text}`)
const value = fc.stringMatching(/^[ -~]{0,20}$/)

const body = fc.oneof(
  fc.constant({ headers: [] as string[], text: '' }),
  bytesText.map(text => ({ headers: [`Content-Length: ${text.length}`], text })),
  fc
    .array(
      bytesText.filter(text => text !== ''),
      { maxLength: 3 },
    )
    .map(chunks => ({
      headers: ['Transfer-Encoding: chunked'],
      text: `${chunks.map(chunk => `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`).join('')}0\r\nTrailer: x\r\n\r\n`,
    })),
)
const request = fc
  .tuple(fc.constantFrom('GET', 'POST', 'M-SEARCH'), fc.array(fc.tuple(word, value), { maxLength: 4 }), body)
  .map(([method, headers, { headers: framing, text }]) => {
    const lines = [...headers.map(([name, content]) => `${name}: ${content}`), ...framing]
    const head = `${method} /${'p'.repeat(headers.length)} HTTP/1.1\r\n${lines.map(line => `${line}\r\n`).join('')}`
    return { sent: `${head}\r\n${text}`, received: `${head}${ADDED}\r\n${text}` }
  })

test('each request of a connection gets the header once, last in its head, and nothing else changes, however the stream is cut', t => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 5 }), places, (requests, at) => {
      const bytes = Buffer.from(requests.map(({ sent }) => sent).join(''), 'latin1')
      t.is(through(cut(bytes, at)), requests.map(({ received }) => received).join(''))
    }),
    { numRuns: 500 },
  )
})

test('whatever is sent, what comes out is what was sent with whole headers put in between', t => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
      fc
        .constantFrom('GET / HTTP/1.1\r\n', '\r\n', '\n', '\r', 'Content-Length: 3\r\n', 'a: b\n', '3\r\n')
        .map(text => Buffer.from(text)),
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(pieces, sent => {
      const received = through(sent)
      if (received === null) return
      t.is(received.replaceAll(ADDED, ''), Buffer.concat(sent).toString('latin1'))
    }),
    { numRuns: 1_000 },
  )
})

test('what is not HTTP/1 passes untouched and at once: TLS, HTTP/2, text protocols, HTTP/0.9', t => {
  for (const text of [
    '\x16\x03\x01\x02\x00\x01\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'EHLO mail.example.com\r\n\r\n',
    'GET /\r\n\r\n',
    ' GET / HTTP/1.1\r\n\r\n',
    '\x00'.repeat(100_000),
  ]) {
    for (const at of [[], [1], [3, 4, 5]]) t.is(through(cut(Buffer.from(text, 'latin1'), at)), text)
  }
  const [first] = new ForwardedFor(CLIENT).push(Buffer.from('USER')) ?? []
  t.is(first?.toString(), 'USER')
})

test('an upgraded connection passes untouched, and a server that did not upgrade is told of the next request too', t => {
  const upgrade = 'GET /chat HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n'
  const frames = '\x81\x85\r\n\r\nGET / HTTP/1.1\r\n\r\n'
  t.is(through([Buffer.from(`${upgrade}\r\n${frames}`, 'latin1')]), `${upgrade}${ADDED}\r\n${frames}`)
  const next = 'GET /next HTTP/1.1\r\n'
  t.is(through([Buffer.from(`${upgrade}\r\n${next}\r\n`)]), `${upgrade}${ADDED}\r\n${next}${ADDED}\r\n`)
})

test('the list that a client sends itself comes first, so that the last entry is the one to believe', t => {
  const head = 'GET / HTTP/1.1\r\nX-Forwarded-For: 10.9.9.9\r\n'
  t.is(through([Buffer.from(`${head}\r\n`)]), `${head}${ADDED}\r\n`)
})

test('empty lines before a request, lines that end with LF alone, and very long lines are no way around the header', t => {
  t.is(through([Buffer.from('\r\n\nGET / HTTP/1.1\r\n\r\n')]), `\r\n\nGET / HTTP/1.1\r\n${ADDED}\r\n`)
  t.is(through([Buffer.from('GET / HTTP/1.0\nHost: a\n\n')]), `GET / HTTP/1.0\nHost: a\n${ADDED}\n`)
  const long = `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nCookie: ${'b'.repeat(20_000)}\r\n`
  t.is(through(cut(Buffer.from(`${long}\r\n`), [8_192, 8_193, 20_010, 40_000])), `${long}${ADDED}\r\n`)
})

const AMBIGUOUS: readonly [what: string, head: string][] = [
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
  ['a list of lengths', 'Content-Length: 5, 5\r\n'],
  ['a length that is none', 'Content-Length: +5\r\n'],
  ['another coding', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['a coding twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
  ['a blank before the colon', 'Content-Length : 5\r\n'],
  ['a length that goes on in the next line', 'Content-Length: 5\r\n 0\r\n'],
  ['a CR within a line', 'A: b\rContent-Length: 5\r\n'],
  ['a length in a line that is too long to be read', `Content-Length: ${'0'.repeat(9_000)}5\r\n`],
]
for (const [what, head] of AMBIGUOUS) {
  test(`a request whose end servers see differently is refused: ${what}`, t => {
    t.is(through([Buffer.from(`POST / HTTP/1.1\r\n${head}\r\n12345`)]), null)
  })
}

test('chunks that are none are refused', t => {
  const head = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (const chunk of ['x\r\n', '3\nabc\r\n', '3\r\nabcd\r\n', '-1\r\n', '\r\n']) {
    t.is(through([Buffer.from(head + chunk)]), null, JSON.stringify(chunk))
  }
})
