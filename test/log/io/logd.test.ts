import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { LogdSink } from '../../../src/log/io/logd.js'
import { temporaryFolder } from '../../temporary-folder.js'

class Bench {
  readonly troubles: string[] = []
  readonly direct: string[] = []
  nowMs = 0
  heard = ''
  readonly path: string
  readonly sink: LogdSink
  #server: Server | null = null
  #wake: () => void = () => {}

  constructor(t: ExecutionContext) {
    this.path = join(temporaryFolder(t), 'log_daemon')
    this.sink = new LogdSink({
      path: this.path,
      retryMs: 60_000,
      nowMs: () => this.nowMs,
      onTrouble: sentence => {
        this.troubles.push(sentence)
        this.#wake()
      },
    })
    t.teardown(() => {
      this.sink.close()
      this.#server?.close()
    })
  }

  listen(): Promise<void> {
    this.#server = createServer(socket => {
      socket.on('data', chunk => {
        this.heard += chunk
        this.#wake()
      })
      socket.on('error', () => {})
    })
    return new Promise(resolve => this.#server!.listen(this.path, resolve))
  }

  say(text: string): void {
    this.sink.write(Buffer.from(text), () => {
      this.direct.push(text)
      this.#wake()
    })
  }

  async until(look: () => boolean): Promise<void> {
    while (!look()) await new Promise<void>(resolve => (this.#wake = resolve))
  }
}

test('lines reach a daemon that listens, in order, those of before the connection too', async t => {
  const bench = new Bench(t)
  await bench.listen()
  for (const text of ['a', 'b', 'c']) bench.say(text)
  await bench.until(() => bench.heard === 'abc')
  bench.say('d')
  await bench.until(() => bench.heard === 'abcd')
  t.deepEqual(bench.direct, [])
  t.deepEqual(bench.troubles, [])
})

test('without a daemon no line is lost, the trouble is said once, and it is tried again only after a while', async t => {
  const bench = new Bench(t)
  bench.say('a')
  await bench.until(() => bench.direct.length === 1)
  t.deepEqual(bench.troubles, [
    'Initializing connection to logging daemon failed. Logging daemon may not be running',
  ])
  bench.say('b')
  t.deepEqual(bench.direct, ['a', 'b'], 'at once: nothing is tried within the minute')
  bench.nowMs = 60_000
  bench.say('c')
  await bench.until(() => bench.direct.length === 3)
  t.is(bench.troubles.length, 1)
  await bench.listen()
  bench.nowMs = 120_000
  bench.say('d')
  await bench.until(() => bench.heard === 'd')
  t.deepEqual(bench.direct, ['a', 'b', 'c'])
})
