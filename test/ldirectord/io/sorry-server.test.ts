// fallback=sorry from the file through the table to the answer, on 127.0.0.0/8.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { limitations } from '../../../src/ldirectord/core/limitations.js'
import { SorryServer } from '../../../src/ldirectord/io/sorry-server.js'
import { freePort } from '../../free-port.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { configOf } from '../config/recorded.js'

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

function get(address: string, port: number, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, method, agent: false }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'], body }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

async function sorryServer(t: ExecutionContext) {
  const warnings: string[] = []
  const server = new SorryServer(sentence => warnings.push(sentence))
  t.teardown(() => server.close())
  return { server, warnings }
}

function folder(t: ExecutionContext): string {
  const path = temporaryFolder(t)
  return path
}

test.serial(
  'while no real serves, the table leads each virtual service to its own page with 503 and Retry-After',
  async t => {
    const { server, warnings } = await sorryServer(t)
    const sorryPort = await freePort()
    const page = join(folder(t), 'sorry.html')
    writeFileSync(page, '<p>Back at noon.</p>\n')
    const config = configOf(
      `sorryport=${sorryPort}\nfallback=sorry\n` +
        `virtual=127.0.4.1:80\n\treal=127.0.0.1:1 masq\n\tsorrypage=${page}\n\tsorryretryafter=120\n` +
        `virtual=127.0.4.2:80\n\treal=127.0.0.1:1 masq\n\tsorryretryafter=0\n`,
    )
    await server.use(config)
    const places = desiredTable(config, () => false).services.map(({ destinations }) =>
      destinations.map(({ address, port, method, weight }) => [address, port, method, weight]),
    )
    t.deepEqual(places, [[['127.0.4.1', sorryPort, 'masq', 1]], [['127.0.4.2', sorryPort, 'masq', 1]]])
    t.deepEqual(await get('127.0.4.1', sorryPort), {
      status: 503,
      retryAfter: '120',
      body: '<p>Back at noon.</p>\n',
    })
    t.deepEqual(await get('127.0.4.1', sorryPort, 'HEAD'), { status: 503, retryAfter: '120', body: '' })
    t.like(await get('127.0.4.2', sorryPort, 'POST'), { status: 503, retryAfter: undefined })
    t.deepEqual(warnings, [])
  },
)

test.serial('a page that cannot be read is named, and the built-in one stands in', async t => {
  const { server, warnings } = await sorryServer(t)
  const port = await freePort()
  await server.use(
    configOf(`virtual=127.0.0.1:80\n\tfallback=sorry\n\tsorryport=${port}\n\tsorrypage=/nowhere.html\n`),
  )
  t.regex((await get('127.0.0.1', port)).body, /Service unavailable/)
  t.regex(warnings.join('\n'), /sorrypage=\/nowhere\.html cannot be used: ENOENT/)
})

test.serial(
  'a port that another program has is named once; a file without it sets everything free',
  async t => {
    const { server, warnings } = await sorryServer(t)
    const other = createServer()
    await new Promise<void>(resolve => other.listen({ port: 0 }, resolve))
    const { port } = other.address() as { port: number }
    const config = configOf(`virtual=127.0.0.1:80\n\tfallback=sorry\n\tsorryport=${port}\n`)
    await server.use(config)
    await server.use(config)
    t.is(warnings.length, 1)
    t.regex(warnings[0]!, /fallback=sorry cannot listen on port \d+: .*choose another sorryport/)
    await new Promise(resolve => other.close(resolve))
    await server.use(config)
    t.is((await get('127.0.0.1', port)).status, 503)
    await server.use(configOf(''))
    await t.throwsAsync(get('127.0.0.1', port), { code: 'ECONNREFUSED' })
  },
)

test('the file is told what a sorry page cannot do', t => {
  const sentences = limitations(
    configOf(
      'fallback=sorry\nvirtual=127.0.0.1:80\n\tsorryretryafter=5\nvirtual=127.0.0.1:443\n\tprotocol=tcp\n\tservice=https\n',
    ),
    ['http', 'https'],
  )
  t.regex(sentences[0]!, /127\.0\.0\.1:443: fallback=sorry shows the page of 127\.0\.0\.1:80/)
  t.regex(sentences[1]!, /plain HTTP/)
})
