import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { encodeFrame } from '../../../src/heartbeat/api/frame.js'
import { signOn } from '../../../src/heartbeat/io/api-client.js'
import { ApiSocket, CONNECTIONS_MAX } from '../../../src/heartbeat/io/api-socket.js'
import { Message } from '../../../src/heartbeat/wire/message.js'
import { temporaryFolder } from '../../temporary-folder.js'

interface Stage {
  readonly api: ApiSocket
  readonly path: string
  readonly lines: string[]
}

async function stage(t: ExecutionContext): Promise<Stage> {
  const folder = temporaryFolder(t)
  const lines: string[] = []
  const api = await ApiSocket.open({
    ...{ folder, owner: null },
    rules: new Map([['anon', { uids: [process.geteuid?.() ?? 0], gids: [] }]]),
    view: () => ({
      ...{ us: 'alpha', nodes: [], keepaliveMs: 1, deadtimeMs: 1, version: '', logfacility: 0 },
      ...{ parameters: new Map(), resources: 'none' },
    }),
    onSubmit: () => {},
    onLog: (_level, text) => lines.push(text),
  })
  t.teardown(() => api.close())
  return { api, path: join(folder, 'register'), lines }
}

const closed = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.resume()
  })

test('a client that does not read what it is told is closed when 1 MiB waits for it', async t => {
  const { api, path, lines } = await stage(t)
  const socket = connect(path)
  const identity = [
    ...([
      ['pid', String(process.pid)],
      ['from_id', String(process.pid)],
    ] as const),
    ...([
      ['uid', String(process.geteuid?.())],
      ['gid', String(process.getegid?.())],
    ] as const),
  ]
  socket.write(encodeFrame(Message.of(['t', 'hbapi-req'], ['reqtype', 'signon'], ...identity)))
  await new Promise(resolve => socket.once('readable', resolve))
  const big = Message.of(['t', 'big'], ['x', 'y'.repeat(60_000)])
  for (let count = 0; count < 100 && api.clients.count > 0 && lines.length === 0; count++) {
    api.deliver(big)
    await new Promise(resolve => setImmediate(resolve))
  }
  t.deepEqual(lines, ['client closed: it does not read its messages'])
  await closed(socket)
})

test('with all places taken by clients that do not sign on, the oldest makes room, and it is said once', async t => {
  const { api, path, lines } = await stage(t)
  const silent: Socket[] = []
  const gone: Promise<void>[] = []
  for (let count = 0; count < CONNECTIONS_MAX + 20; count++) {
    const socket = connect(path)
    silent.push(socket)
    gone.push(closed(socket))
    await new Promise(resolve => socket.once('connect', resolve))
  }
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  await Promise.all(gone.slice(0, 20))
  const late = await signOn(path)
  if (!('client' in late)) return t.fail(late.because)
  t.is(api.clients.count, CONNECTIONS_MAX)
  t.deepEqual(lines, [`client closed: ${CONNECTIONS_MAX} are connected, and it has not signed on`])
  late.client.close()
})
