/**
 * Clients that stay longer than a drain may last, and the questions that are asked of a terminal: a client holds a
 * connection through the virtual service open, on whichever host it was given.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { ExecutionContext } from 'ava'
import { bin, until } from '../harness.js'
import { peerTest } from '../require.js'
import { type Stage, stage, version } from './stage.js'

const test = peerTest('root', 'openssh-server', 'util-linux', 'bsdutils')

const LATE = 'wait_short = 0\nwait_persistent = 0\nmax = 1\n'

/** A client that stays with the host that it was given, and asks again and again; how often it was answered. */
async function guestOf(t: ExecutionContext, url: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answers = 0
  socket.on('data', chunk => {
    answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1
  })
  socket.on('error', error => t.log(`the client: ${error.message}`))
  const asking = setInterval(() => socket.write(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`), 500)
  t.teardown(() => {
    clearInterval(asking)
    socket.destroy()
  })
  await until('the first answer', 10_000, () => answers > 0)
  return { answers: () => answers }
}

/** ha-deploy on a terminal of its own: util-linux's script makes one. */
function atTerminal(t: ExecutionContext, site: Stage, ...words: string[]) {
  const line = [bin('ha-deploy'), ...words].join(' ')
  const child: ChildProcess = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { ...site.env, TERM: 'dumb' },
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let shown = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  return {
    shown: () => shown,
    /** Waits for a question and types the answer. */
    async answer(question: RegExp, keys: string): Promise<void> {
      await until(`the question ${question}; there is: ${shown}`, 30_000, () => question.test(shown))
      child.stdin!.write(keys)
    },
    async status(): Promise<number | null> {
      const [status] = await Promise.race([
        ended,
        until('ha-deploy ends', 30_000, () => child.exitCode !== null).then(() => ended),
      ])
      return status
    },
  }
}

test('clients that are left after max: stop, ask without and at a terminal, proceed; and no release begins at a terminal without a yes', async t => {
  const site = await stage(t, 2)
  site.source('one')
  t.is((await site.deploy('run', '--label', 'one')).exitCode, 0)
  const versions = (): string[] => site.hosts.map(version)
  const guests = [await guestOf(t, site.url), await guestOf(t, site.url)] // rr: one on each host
  site.source('two')
  for (const onTimeout of ['stop', 'ask']) {
    site.configure({ drain: `${LATE}on_timeout = ${onTimeout}` })
    const stopped = await site.deploy('run', '--label', 'two')
    t.is(stopped.exitCode, 4, stopped.stdout + stopped.stderr)
    t.regex(stopped.stdout + stopped.stderr, /not drained within 1 s: .*active/)
    t.deepEqual(versions(), ['one', 'one'])
    t.deepEqual(await site.weights(), { web1: 2, web2: 2 })
  }

  const go = /Go on\? \[y\/N\] $/
  for (const keys of ['\r', 'n\r', '\x03', '\x04']) {
    const asked = atTerminal(t, site, 'run', '--label', 'two')
    await asked.answer(go, keys)
    t.is(await asked.status(), 130, `${JSON.stringify(keys)}: ${asked.shown()}`)
    t.deepEqual(versions(), ['one', 'one'])
  }

  const drop = /web1 is not drained after 1 s \(.*active.*\)\. Drop who is left and go on\? \[y\/N\] $/
  const refused = atTerminal(t, site, 'run', '--label', 'two', '--yes')
  await refused.answer(drop, 'n\r')
  t.is(await refused.status(), 4, refused.shown())
  t.deepEqual(versions(), ['one', 'one'])
  t.deepEqual(await site.weights(), { web1: 2, web2: 2 })

  const granted = atTerminal(t, site, 'run', '--label', 'two', '--only', 'web1')
  await granted.answer(go, 'y\r')
  await granted.answer(drop, 'yes\r')
  t.is(await granted.status(), 0, granted.shown())
  t.deepEqual(versions(), ['two', 'one'])

  site.configure({ drain: `${LATE}on_timeout = proceed` })
  const proceeded = await site.deploy('run', '--label', 'three', '--only', 'web2')
  t.is(proceeded.exitCode, 0, proceeded.stdout + proceeded.stderr)
  t.deepEqual(versions(), ['two', 'two'])
  t.deepEqual(await site.weights(), { web1: 2, web2: 2 })
  for (const { answers } of guests) {
    const before = answers()
    await until('nobody cut the connection', 10_000, () => answers() > before)
  }
})
