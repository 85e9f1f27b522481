/**
 * What the proxy tells real servers of clients, read by others: HAProxy and nginx take its PROXY headers, HAProxy writes
 * the same ones (kdig those of datagrams), nginx finds X-Forwarded-For in every request, where HAProxy (option forwardfor) puts it too.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import type { Destination, Service } from '../../../src/ldirectord/core/table.js'
import { proxyHeader } from '../../../src/ldirectord/proxy/core/proxy-header.js'
import { DataPlane } from '../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings } from '../../../src/ldirectord/proxy/io/settings.js'
import { freePort, freePorts } from '../../free-port.js'
import { destinationOf, serviceOf, tcp } from '../../ldirectord/proxy/table-values.js'
import { readText, run, until } from '../harness.js'
import { type Place, place } from '../real-servers.js'
import { peerTest } from '../require.js'

const CALLER = '127.0.0.9'

const workerProgram = fileURLToPath(
  new URL('../../../src/cli/daemons/ldirectord-proxy-worker.js', import.meta.url),
)
/** The two ways in which the proxy carries TCP. */
const WAYS = {
  "Node's sockets": { workerProgram: null },
  'two workers': { workerProgram, workers: 2, workersLeast: 2 },
}

type Telling = Pick<Service, 'forwardedFor'> & Pick<Destination, 'proxyProtocol'>

/** A proxy in this process; each service gets one real server on 127.0.0.1. */
function proxy(t: ExecutionContext, way: keyof typeof WAYS) {
  const plane = new DataPlane({ ...defaultSettings(), ...WAYS[way] }, () => {})
  t.teardown(() => plane.closeAll())
  return async (realPort: number, telling: Telling, address = '127.0.0.1'): Promise<number> => {
    const port = await freePort(address)
    const { proxyProtocol, ...service } = telling
    const key = tcp(address, port)
    t.is(await plane.apply({ kind: 'addService', service: serviceOf(key, service) }), null)
    await plane.apply({
      kind: 'addDestination',
      key,
      destination: destinationOf('127.0.0.1', realPort, proxyProtocol && { proxyProtocol }),
    })
    return port
  }
}

interface Call {
  readonly port: number
  readonly address?: string
  readonly localAddress?: string
}

/** Sends the bytes over one connection and gives its end of it, and what was answered until the other side closed. */
async function call({ port, address = '127.0.0.1', localAddress = CALLER }: Call, bytes: string) {
  const socket = connect({ port, host: address, localAddress })
  let answer = ''
  socket.setTimeout(10_000, () => socket.destroy())
  socket.on('data', chunk => {
    answer += chunk
  })
  socket.on('error', error => {
    answer += error.message
  })
  await once(socket, 'connect')
  const here = `${socket.localAddress}:${socket.localPort}`
  const localPort = socket.localPort ?? 0
  socket.write(bytes)
  await once(socket, 'close')
  return { here, localPort, answer }
}

const cases = (Object.keys(WAYS) as (keyof typeof WAYS)[]).flatMap(way =>
  (['v1', 'v2'] as const).map(version => [way, version] as const),
)

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

async function nginx({ folder, file, start }: Place, server: string, port: number): Promise<void> {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder}/${name};`,
  )
  const conf = file(
    'nginx.conf',
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1; user root;
events {}
http { ${paths.join(' ')} log_format told '$request_method $request_uri [$http_x_forwarded_for]';
access_log ${folder}/access.log told; server { ${server} } }
`,
  )
  await start('/usr/sbin/nginx', ['-e', 'stderr', '-c', conf, '-p', folder], port)
}

async function haproxy({ file, start }: Place, sections: string, port: number): Promise<void> {
  const defaults = 'defaults\n  timeout client 20s\n  timeout server 20s\n  timeout connect 5s\n'
  await start('/usr/sbin/haproxy', ['-db', '-f', file('haproxy.cfg', `${defaults}${sections}`)], port)
}

const test = peerTest('haproxy', 'nginx')

test('nginx and HAProxy learn the address and port of the client from both versions of the header, IPv4 and IPv6', async t => {
  const rooms = [place(t), place(t)] as const
  const [inNginx = 0, inHaproxy = 0] = await freePorts(2)
  await nginx(
    rooms[0],
    `listen 127.0.0.1:${inNginx} proxy_protocol; location / { return 200 '$proxy_protocol_addr $proxy_protocol_port\\n'; }`,
    inNginx,
  )
  await haproxy(
    rooms[1],
    `frontend in
  bind 127.0.0.1:${inHaproxy} accept-proxy
  mode http
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] to %[dst] %[dst_port]\\n"
`,
    inHaproxy,
  )
  for (const [way, version] of cases) {
    const service = proxy(t, way)
    for (const [address, localAddress] of [
      ['127.0.0.1', CALLER],
      ['::1', '::1'],
    ] as const) {
      const ports = [
        await service(inNginx, { proxyProtocol: version }, address),
        await service(inHaproxy, { proxyProtocol: version }, address),
      ] as const
      const first = await call({ port: ports[0], address, localAddress }, GET)
      t.regex(
        first.answer,
        new RegExp(`^${localAddress} ${first.localPort}$`, 'm'),
        `nginx ${version} ${way}`,
      )
      const second = await call({ port: ports[1], address, localAddress }, GET)
      const expected = `^${localAddress} ${second.localPort} to ${address} ${ports[1]}$`
      t.regex(second.answer, new RegExp(expected, 'm'), `HAProxy ${version} ${way}`)
    }
  }
})

test('the header is byte for byte that of HAProxy (send-proxy, send-proxy-v2), and forwardedfor stands behind it', async t => {
  const received: Buffer[][] = []
  // Who waited for HAProxy to listen came through it too.
  const asked = (): string[] =>
    received.map(pieces => Buffer.concat(pieces).toString('latin1')).filter(text => text.includes('GET'))
  const capture = createServer(socket => {
    const pieces: Buffer[] = []
    received.push(pieces)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      pieces.push(chunk)
      // The header of version 2 holds an empty line too.
      if (/GET.*\r\n\r\n/s.test(Buffer.concat(pieces).toString('latin1')))
        socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
    })
  })
  t.teardown(() => void capture.close())
  capture.listen(0, '127.0.0.1')
  await once(capture, 'listening')
  const { port: realPort } = capture.address() as AddressInfo
  const [first = 0, second = 0] = await freePorts(2)
  const section = (name: string, port: number, how: string): string =>
    `listen ${name}\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${realPort} ${how}\n`
  await haproxy(
    place(t),
    section('one', first, 'send-proxy') + section('two', second, 'send-proxy-v2'),
    second,
  )
  for (const [way, version] of cases) {
    const port = version === 'v1' ? first : second
    received.length = 0
    const { localPort } = await call({ port }, GET)
    const from = { address: CALLER, port: localPort }
    const ends = { protocol: 'tcp', from, to: { address: '127.0.0.1', port } } as const
    t.is(asked()[0], `${proxyHeader(version, ends).toString('latin1')}${GET}`, version)

    const ours = await proxy(t, way)(realPort, { proxyProtocol: version, forwardedFor: true })
    const again = await call({ port: ours }, GET)
    const header = proxyHeader(version, {
      protocol: 'tcp',
      from: { address: CALLER, port: again.localPort },
      to: { address: '127.0.0.1', port: ours },
    }).toString('latin1')
    const request = GET.replace(/\r\n\r\n$/, `\r\nX-Forwarded-For: ${CALLER}\r\n\r\n`)
    t.is(asked()[1], header + request, way)
  }
})

const STREAM =
  'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n' +
  'POST /2 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.9.9\r\nContent-Length: 31\r\n\r\nGET /inner HTTP/1.1\r\nHost: a\r\n\r\n' +
  'POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n' +
  'GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

test('nginx finds the client in every request of a kept connection, and the list is the one that HAProxy makes', async t => {
  const rooms = [place(t), place(t)] as const
  const [inNginx = 0, inHaproxy = 0] = await freePorts(2)
  await nginx(rooms[0], `listen 127.0.0.1:${inNginx}; location / { return 200 'ok\\n'; }`, inNginx)
  const ways = Object.keys(WAYS) as (keyof typeof WAYS)[]
  for (const way of ways) await call({ port: await proxy(t, way)(inNginx, { forwardedFor: true }) }, STREAM)
  const wanted = `GET /1 [${CALLER}]\nPOST /2 [10.9.9.9, ${CALLER}]\nPOST /3 [${CALLER}]\nGET /4 [${CALLER}]\n`
  const log = (): string => readText(`${rooms[0].folder}/access.log`)
  await until('nginx has logged all', 10_000, () => log().split('/4').length > ways.length)
  t.is(log(), wanted.repeat(ways.length))

  const told = createHttpServer((request, response) => {
    let length = 0
    request.on('data', chunk => {
      length += chunk.length
    })
    request.on('end', () => {
      response.end(`${request.url} ${request.headers['x-forwarded-for']} ${length}\n`)
    })
  })
  t.teardown(() => void told.close())
  told.listen(0, '127.0.0.1')
  await once(told, 'listening')
  const { port: realPort } = told.address() as AddressInfo
  await haproxy(
    rooms[1],
    `listen in\n  mode http\n  option forwardfor\n  bind 127.0.0.1:${inHaproxy}\n  server s 127.0.0.1:${realPort}\n`,
    inHaproxy,
  )
  const answers = (text: string): string[] => text.split('\n').filter(line => line.startsWith('/'))
  const theirs = await call({ port: inHaproxy }, STREAM)
  t.is(answers(theirs.answer).length, 4)
  for (const way of ways) {
    const ours = await call({ port: await proxy(t, way)(realPort, { forwardedFor: true }) }, STREAM)
    t.deepEqual(answers(ours.answer), answers(theirs.answer), way)
  }
})

const withTls = peerTest('openssl')

withTls('TLS passes a service with forwardedfor untouched', async t => {
  const { prepare, start, folder, file } = place(t)
  file('index.txt', 'the page\n')
  prepare('/usr/bin/openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=real', '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`],
  ])
  const [port = 0] = await freePorts(1)
  const options = [
    's_server',
    '-accept',
    `127.0.0.1:${port}`,
    '-cert',
    `${folder}/cert.pem`,
    '-key',
    `${folder}/key.pem`,
  ]
  await start('/usr/bin/openssl', [...options, '-WWW'], port)
  const service = await proxy(t, 'two workers')(port, { forwardedFor: true })
  const { connect: connectTls } = await import('node:tls')
  const socket = connectTls({ port: service, host: '127.0.0.1', rejectUnauthorized: false })
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  await once(socket, 'secureConnect')
  socket.write('GET /index.txt HTTP/1.0\r\n\r\n')
  await once(socket, 'close')
  t.regex(text, /the page/)
})

const withKdig = peerTest('knot-dnsutils')

withKdig('before a datagram the header is byte for byte that of kdig (+proxy), IPv4 and IPv6', async t => {
  const capture = createSocket('udp4')
  t.teardown(() => capture.close())
  capture.bind(0, '127.0.0.1')
  await once(capture, 'listening')
  const question = ['@127.0.0.1', '-p', String(capture.address().port), '+time=1', '+retry=0', 'example', 'A']
  for (const [from, to] of [
    [CALLER, '127.0.0.1'],
    ['2001:db8::9', '2001:db8::1'],
  ] as const) {
    const heard = once(capture, 'message')
    void run('kdig', [...question, `+proxy=${from}#4001-${to}#53`])
    const [datagram] = (await heard) as [Buffer]
    const ends = {
      protocol: 'udp',
      from: { address: from, port: 4_001 },
      to: { address: to, port: 53 },
    } as const
    const header = proxyHeader('v2', ends)
    t.is(datagram.subarray(0, header.length).toString('hex'), header.toString('hex'))
  }
})
