// A law of both ways of carrying TCP: whatever the two sides of a connection say, and in whichever order they end, each
// hears exactly what the other one said, and then its end; a reset ends both, and is a reset there too. (Node's sockets tell
// of a reset right behind data as of an end, so that it is one is looked at by plain calls.)

import type { Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { isNativeFailure } from '../../../../../src/base/io/native.js'
import { EAGAIN, socketAddress, tcpSockets } from '../../../../../src/base/io/tcp-calls.js'
import { DataPlane } from '../../../../../src/ldirectord/proxy/io/data-plane.js'
import { defaultSettings, type ProxySettings } from '../../../../../src/ldirectord/proxy/io/settings.js'
import { freePort } from '../../../../free-port.js'
import { client, startServer, type TestServer } from '../../../../ldirectord/proxy/real-servers.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { until } from '../../until.js'
import { WAYS } from './ways.js'

const RUNS = 40

type Side = 'client' | 'server'
type Step =
  | { readonly by: Side; readonly bytes: number }
  | { readonly by: Side; readonly ends: 'fin' | 'reset' }

const by = fc.constantFrom<Side>('client', 'server')
const conversation: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ by, bytes: fc.constantFrom(1, 100, 65_536, 300_000) }) },
    { weight: 2, arbitrary: fc.record({ by, ends: fc.constant('fin' as const) }) },
    { weight: 1, arbitrary: fc.record({ by, ends: fc.constant('reset' as const) }) },
  ),
  { maxLength: 10 },
)
const other = (side: Side): Side => (side === 'client' ? 'server' : 'client')

/** A proxy with one service and one real server. */
async function stage(
  t: ExecutionContext,
  way: Partial<ProxySettings>,
  onConnection: (socket: Socket) => void,
): Promise<{ plane: DataPlane; port: number; real: TestServer }> {
  const plane = new DataPlane({ ...defaultSettings(), ...way }, () => {})
  const real = await startServer(onConnection)
  t.teardown(async () => {
    await plane.closeAll()
    await real.close()
  })
  const port = await freePort()
  const key = tcp('127.0.0.1', port)
  await plane.apply({ kind: 'addService', service: serviceOf(key) })
  await plane.apply({ kind: 'addDestination', key, destination: destinationOf(real.address, real.port) })
  return { plane, port, real }
}

for (const [name, way] of Object.entries(WAYS)) {
  test.serial(
    `${name}: what is said and how it ends arrives, in any order of talking and ending`,
    async t => {
      const heard: string[] = []
      const fates: string[] = []
      const { plane, port, real } = await stage(t, way, socket => {
        const n = heard.push('') - 1
        fates.push('open')
        socket.on('data', chunk => {
          heard[n] += chunk.toString('latin1')
        })
        socket.on('end', () => {
          fates[n] = 'end'
        })
        socket.on('error', (error: NodeJS.ErrnoException) => {
          fates[n] = error.code ?? error.message
        })
      })

      await fc.assert(
        fc.asyncProperty(conversation, async steps => {
          const n = real.sockets.length
          const visitor = client(port)
          if (!(await until(() => real.sockets.length > n))) throw new Error('nobody was reached')
          const sockets = { client: visitor.socket, server: real.sockets[n]! }
          const said = { client: '', server: '' }
          const hasEnded = new Set<Side>()
          let reset: Side | null = null
          const finish = (side: Side): void => {
            if (!hasEnded.has(side)) sockets[side].end()
            hasEnded.add(side)
          }
          for (const step of steps) {
            if (hasEnded.has(step.by)) continue
            if ('bytes' in step) {
              const text = String.fromCharCode(97 + (said[step.by].length % 26)).repeat(step.bytes)
              said[step.by] += text
              sockets[step.by].write(text)
            } else if (step.ends === 'fin') finish(step.by)
            else {
              reset = step.by
              sockets[step.by].resetAndDestroy()
              break
            }
          }
          const text = (side: Side) => (side === 'client' ? visitor.text() : heard[n]!)
          const fate = (side: Side) => (side === 'client' ? visitor.fate() : fates[n]!)
          if (reset === null) for (const side of ['client', 'server'] as const) finish(side)
          const sides: Side[] = reset === null ? ['client', 'server'] : [other(reset)]
          const isDone = (side: Side): boolean =>
            reset === null ? fate(side) === 'end' && text(side) === said[other(side)] : fate(side) !== 'open'
          if (!(await until(() => sides.every(isDone))))
            throw new Error(
              sides.map(side => `${side}: ${fate(side)}, ${text(side).length} bytes of ${said[other(side)].length}`).join('; '), // biome-ignore format: one line
            )
          for (const side of sides)
            if (!said[other(side)].startsWith(text(side))) throw new Error(`${side} heard what nobody said`)
          for (const socket of Object.values(sockets)) socket.destroy()
        }),
        { numRuns: RUNS, interruptAfterTimeLimit: 30_000, includeErrorInReport: true },
      )
      t.true(await until(() => plane.connections === 0), 'every place is free again')
    },
  )
}

const sockets = tcpSockets()
if (isNativeFailure(sockets)) test.skip(`resets by plain calls: ${sockets.reason}`, () => {})
else {
  const ECONNRESET = 104
  /** What a connection gives until it ends: the bytes, and 0 or the error's number. */
  const readAll = async (fd: number): Promise<[string, number]> => {
    const buffer = Buffer.alloc(1_024)
    let text = ''
    let ending: number | null = null
    await until(() => {
      const length = sockets.read(fd, buffer)
      if (length > 0) text += buffer.toString('latin1', 0, length)
      else if (length === 0) ending = 0
      else if (sockets.errno() !== EAGAIN) ending = sockets.errno()
      return ending !== null
    })
    return [text, ending ?? -1]
  }
  for (const [name, way] of Object.entries(WAYS)) {
    test.serial(
      `${name}: a reset of the server right behind its last bytes is no end to the client`,
      async t => {
        const { port } = await stage(t, way, socket => {
          socket.once('data', () => {
            socket.write('half an answer')
            socket.resetAndDestroy()
          })
        })
        for (let n = 0; n < 5; n++) {
          const fd = sockets.connect(socketAddress('127.0.0.1', port) as Buffer)
          await until(() => sockets.send(fd, Buffer.from('question'), 8) === 8)
          t.deepEqual(await readAll(fd), ['half an answer', ECONNRESET])
          sockets.close(fd)
        }
      },
    )
  }
}
