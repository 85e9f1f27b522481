// Workers that end, stumble, come and go, on real sockets of 127.0.0.0/8.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { isNativeFailure } from '../../../../../src/base/io/native.js'
import { tcpSockets } from '../../../../../src/base/io/tcp-calls.js'
import { type Edit, serviceId } from '../../../../../src/ldirectord/core/table.js'
import { SharedLedger } from '../../../../../src/ldirectord/proxy/core/ledger.js'
import { LiveTable } from '../../../../../src/ldirectord/proxy/core/live-table.js'
import { SharedState } from '../../../../../src/ldirectord/proxy/core/shared-state.js'
import { DataPlane } from '../../../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings, type ProxySettings } from '../../../../../src/ldirectord/proxy/io/settings.js'
import { WorkerPool } from '../../../../../src/ldirectord/proxy/io/worker-pool.js'
import { freePort } from '../../../../free-port.js'
import {
  client,
  startServer,
  type TestClient,
  whoAnswers,
} from '../../../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { temporaryFolder } from '../../../../temporary-folder.js'
import { until } from '../../until.js'

const workerProgram = fileURLToPath(new URL('./mortal-worker.js', import.meta.url))

type Hold = (visitor: TestClient) => Promise<() => void>

/** Holds up the worker that has a connection, until it is let go. For workers that start from now on. */
function holding(t: ExecutionContext): Hold {
  const folder = temporaryFolder(t)
  // A worker has the environment of the moment in which it starts.
  process.env.MORTAL_FOLDER = folder
  return async visitor => {
    rmSync(join(folder, 'held'), { force: true })
    writeFileSync(join(folder, 'hold'), '')
    visitor.socket.write('hold')
    t.true(await until(() => existsSync(join(folder, 'held'))))
    return () => rmSync(join(folder, 'hold'))
  }
}

async function forwarding(t: ExecutionContext, workers: number, settings: Partial<ProxySettings> = {}) {
  const hold = holding(t)
  const notices: string[] = []
  const plane = new DataPlane(
    { ...defaultSettings(), workerProgram, workers, workersLeast: workers, ...settings },
    (level, text) => notices.push(`${level} ${text}`),
  )
  const server = await startServer(socket => {
    socket.write('@')
    socket.pipe(socket)
  })
  t.teardown(async () => {
    plane.closeAll()
    await server.close()
  })
  const port = await freePort()
  const key = tcp('127.0.0.1', port)
  await plane.apply({ kind: 'addService', service: serviceOf(key, { scheduler: 'lc' }) })
  await plane.apply({
    kind: 'addDestination',
    key,
    destination: destinationOf(server.address, server.port),
  })
  const visit = async (): Promise<TestClient> => {
    const visitor = client(port)
    await until(() => visitor.text() === '@')
    return visitor
  }
  const active = (): number => plane.table.counters()[0]!.activeConnections
  return { plane, port, key, server, notices, visit, hold, active }
}

const echoes = async (visitor: TestClient, text: string): Promise<boolean> => {
  visitor.socket.write(text)
  return until(() => visitor.text().endsWith(text))
}

/** Two connections that two workers have: while one worker is held up the other one accepts. */
async function apart({
  visit,
  hold,
}: {
  readonly visit: () => Promise<TestClient>
  readonly hold: Hold
}): Promise<[TestClient, TestClient, ...TestClient[]]> {
  const one = await visit()
  const letGo = await hold(one)
  const other = await visit()
  letGo()
  return [one, other]
}

test.serial(
  'a worker that ends is started again: its connections are reset and no longer counted, the other one goes on',
  async t => {
    const stage = await forwarding(t, 2)
    const { port, notices, active } = stage
    const [kept, lost] = await apart(stage)
    t.true(await until(() => kept.text() === '@hold'))
    t.is(active(), 2)
    lost.socket.write('die')
    t.true(await until(() => lost.fate() === 'ECONNRESET'))
    t.true(await until(() => active() === 1))
    t.true(await echoes(kept, 'go on'))
    t.is(await whoAnswers(port), '@')
    t.regex(
      notices.join(),
      /^ERROR proxy: a worker ended, its connections are lost: it ended; starting it again$/,
    )
    // The one that is left ends too: only one that was started again can answer.
    kept.socket.write('die')
    t.true(await until(() => kept.fate() === 'ECONNRESET'))
    t.is(await whoAnswers(port), '@')
  },
)

test.serial('a fault costs the one connection that met it', async t => {
  const { notices, visit, active } = await forwarding(t, 1)
  const kept = await visit()
  const unlucky = await visit()
  unlucky.socket.write('fault')
  t.true(await until(() => unlucky.fate() === 'ECONNRESET'))
  t.true(await echoes(kept, 'go on'))
  t.is(active(), 1)
  t.regex(notices.join(), /^ERROR proxy: Error: a fault/)
})

test.serial(
  'fewer workers: one too many keeps its connections and takes no new ones; more workers again serve all',
  async t => {
    const stage = await forwarding(t, 2)
    const { plane, port, active } = stage
    const visitors = await apart(stage)
    t.is(plane.setWorkers(1), 1)
    for (const visitor of visitors) t.true(await echoes(visitor, 'still here'))
    const [held] = visitors
    t.is(await whoAnswers(port), '@')
    t.is(plane.setWorkers(3), 3)
    t.is(await whoAnswers(port), '@')
    t.true(await echoes(held, 'and now'))
    for (const { socket } of visitors) socket.destroy()
    t.true(await until(() => active() === 0))
  },
)

test.serial(
  'a worker that does not answer is ended, and an edit then holds for the one that follows',
  async t => {
    const settings = { workerAnswerMs: 700 }
    const { plane, port, key, server, notices, visit, hold } = await forwarding(t, 1, settings)
    const stuck = await visit()
    await hold(stuck)
    const destination = destinationOf(server.address, server.port, { weight: 0 })
    t.is(await plane.apply({ kind: 'editDestination', key, destination }), null)
    t.true(await until(() => stuck.fate() === 'ECONNRESET'))
    t.regex(notices.join(), /^ERROR proxy: a worker ended/)
    t.is(await whoAnswers(port), 'ECONNRESET', 'no server has a weight')
  },
)

test.serial('persistence that an edit turns on binds a client whichever worker accepts it', async t => {
  const { plane, port, key, visit, hold } = await forwarding(t, 2)
  const second = await startServer(socket => socket.write('second'))
  t.teardown(() => second.close())
  await plane.apply({
    kind: 'addDestination',
    key,
    destination: destinationOf(second.address, second.port, { weight: 2 }),
  })
  const service = serviceOf(key, { scheduler: 'rr', persistentSeconds: 60 })
  await plane.apply({ kind: 'editService', service })
  const bound = await whoAnswers(port)
  if (bound === '@') await hold(await visit())
  for (let n = 0; n < 4; n++) t.is(await whoAnswers(port), bound)
})

test.serial('one that rests keeps its connections and takes no new ones until it works again', async t => {
  const hold = holding(t)
  const sockets = tcpSockets()
  if (isNativeFailure(sockets)) return t.fail(sockets.reason)
  const server = await startServer(socket => {
    socket.write('@')
    socket.pipe(socket)
  })
  const port = await freePort()
  const key = tcp('127.0.0.1', port)
  const fd = sockets.listen({ address: '127.0.0.1', port, backlog: 16 })
  if (isNativeFailure(fd)) return t.fail(fd.reason)
  const shared = SharedState.create(4_096)
  const table = new LiveTable(new SharedLedger(shared))
  const edits: Edit[] = [
    { kind: 'addService', service: serviceOf(key) },
    { kind: 'addDestination', key, destination: destinationOf(server.address, server.port) },
  ]
  for (const edit of edits) table.apply(edit)
  const service = table.services.get(serviceId(key))!
  const [destination] = service.destinations.values()
  const pool = new WorkerPool({
    program: workerProgram,
    sockets,
    shared,
    answerMs: 8_000,
    settings: defaultSettings(),
    orders: () => [
      { kind: 'edit', edit: edits[0]!, shares: service.shares },
      { kind: 'edit', edit: edits[1]!, shares: { slot: destination!.slot } },
      { kind: 'listen', service: serviceId(key), fd },
    ],
    reported: report => t.log(report),
  })
  t.teardown(async () => {
    await pool.close()
    sockets.close(fd)
    await server.close()
  })
  const visit = async (): Promise<TestClient> => {
    const visitor = client(port)
    t.true(await until(() => visitor.text() === '@'))
    return visitor
  }
  pool.employ(2)
  const visitors = await apart({ visit, hold })
  t.deepEqual([shared.placesOf(1), shared.placesOf(2)], [1, 1])
  pool.employ(1)
  await pool.tell({ kind: 'unlisten', fd: -1 }) // when this is confirmed the one before is carried out
  for (let n = 0; n < 8; n++) visitors.push(await visit())
  t.deepEqual([shared.placesOf(1), shared.placesOf(2)], [9, 1])
  for (const visitor of visitors) t.true(await echoes(visitor, 'still here'))
  pool.employ(2)
  await pool.tell({ kind: 'unlisten', fd: -1 })
  const [held] = visitors.splice(-1)
  const letGo = await hold(held!)
  await visit()
  letGo()
  t.deepEqual([shared.placesOf(1), shared.placesOf(2)], [9, 2])
})
