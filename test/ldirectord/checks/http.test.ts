// What the http check sends, against requests recorded from ldirectord 4.12 (libwww-perl 6.68).
import test from 'ava'
import type { Probe } from '../../../src/ldirectord/checks/check.js'
import { runCheck } from '../../../src/ldirectord/checks/run-check.js'
import { type Script, serve } from '../../contract/check/scripted-server.js'
import { probeOf } from './probe.js'

const never = new AbortController().signal

/** Asks a server of this script; the request lines and Host headers that it saw, in order. */
async function asked(
  script: Script,
  changes: Partial<Probe>,
): Promise<{ lines: string[]; passed: boolean; port: number }> {
  const server = await serve(script)
  const fill = (text: string | undefined): string | undefined => text?.replaceAll('PORT', String(server.port))
  const request = fill(changes.request)
  const outcome = await runCheck(
    probeOf({ port: server.port, ...changes, ...(request !== undefined && { request }) }),
    never,
  )
  await server.close()
  const lines = server.heard.map(text => {
    const host = /^Host: (.*)\r$/m.exec(text)?.[1]
    return `${text.split('\r\n')[0]} | ${host}`.replaceAll(String(server.port), 'PORT')
  })
  return { lines, passed: outcome.passed, port: server.port }
}

const fine: Script = socket => {
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK')
}
const redirectOnce =
  (location: string, status = 302): Script =>
  (socket, request) => {
    if (request.includes('/redir')) {
      const place = location.replace('PORT', String(socket.localPort))
      socket.end(`HTTP/1.1 ${status} Moved\r\nLocation: ${place}\r\nContent-Length: 0\r\n\r\n`)
    } else fine(socket, request)
  }

const SENT: readonly [title: string, changes: Partial<Probe>, script: Script, lines: string[]][] = [
  [
    'the address without its port is the Host',
    { request: '/plain' },
    fine,
    ['GET /plain HTTP/1.1 | 127.0.0.1'],
  ],
  [
    'virtualhost is the Host',
    { request: '/', virtualhost: 'www.example.org' },
    fine,
    ['GET / HTTP/1.1 | www.example.org'],
  ],
  [
    'a complete URL is asked with the same Host',
    { request: 'http://127.0.0.1:PORT/absolute', virtualhost: 'www.example.org', port: 1 },
    fine,
    ['GET /absolute HTTP/1.1 | www.example.org'],
  ],
  ['a blank is percent-encoded', { request: '/plain?a b' }, fine, ['GET /plain?a%20b HTTP/1.1 | 127.0.0.1']],
  ['an encoded character is left alone', { request: '/a%20b' }, fine, ['GET /a%20b HTTP/1.1 | 127.0.0.1']],
  ['HEAD asks HEAD', { httpmethod: 'HEAD' }, fine, ['HEAD / HTTP/1.1 | 127.0.0.1']],
  [
    'after a redirect the Host is that of the new URL',
    { request: '/redir', virtualhost: 'www.example.org' },
    redirectOnce('/target'),
    ['GET /redir HTTP/1.1 | www.example.org', 'GET /target HTTP/1.1 | 127.0.0.1:PORT'],
  ],
  [
    'a permanent redirect to a complete URL is followed',
    { request: '/redir' },
    redirectOnce('http://127.0.0.1:PORT/there?x=1', 308),
    ['GET /redir HTTP/1.1 | 127.0.0.1', 'GET /there?x=1 HTTP/1.1 | 127.0.0.1:PORT'],
  ],
]

for (const [title, changes, script, lines] of SENT) {
  test(`http: ${title}`, async t => {
    const result = await asked(script, { httpmethod: 'GET', ...changes })
    t.deepEqual(result.lines, lines)
    t.true(result.passed)
  })
}

test('http: a request cannot smuggle a second header', async t => {
  const result = await asked(fine, { request: '/x\r\nX-Evil: 1' })
  t.deepEqual(result.lines, ['GET /x%0D%0AX-Evil:%201 HTTP/1.1 | 127.0.0.1'])
})

test('http: a virtualhost that is no header value is an error of the check, not of the daemon', async t => {
  const result = await asked(fine, { virtualhost: 'a\r\nb' })
  t.deepEqual(result, { lines: [], passed: false, port: result.port })
})

test('http: HEAD with a receive fails, since there is no body', async t => {
  t.false((await asked(fine, { httpmethod: 'HEAD', receive: 'OK' })).passed)
})

test('http: an unmatched body and the status line are kept for the monitorfile', async t => {
  const server = await serve(fine)
  const wrong = await runCheck(probeOf({ port: server.port, receive: 'well' }), never)
  const right = await runCheck(probeOf({ port: server.port, receive: '^OK$' }), never)
  await server.close()
  t.deepEqual([wrong.answer, right.answer], ['OK', '200 OK'])
})
