import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createPrng } from '../../../src/base/prng.js'
import { heartbeatStatus } from '../../../src/cli/commands/heartbeat-status.js'
import { Cluster } from '../../../src/heartbeat/core/cluster.js'
import { askControl } from '../../../src/heartbeat/io/control-client.js'
import { ControlSocket } from '../../../src/heartbeat/io/control-socket.js'
import { temporaryFolder } from '../../temporary-folder.js'

const cluster = new Cluster({
  ...{ us: 'alpha', nodes: ['alpha', 'beta'], pingNodes: [], uuid: new Uint8Array(16), generation: 7 },
  ...{ keepaliveMs: 1000, deadtimeMs: 3000, warntimeMs: 2000, initdeadMs: 10_000, deadpingMs: 3000 },
  ...{ autoFailback: 'on', maxRexmitDelayMs: 250, hopfudge: 1, links: ['eth1'], manageResources: true },
  groups: [{ node: 'alpha', key: 'web' }],
  heldAtStart: 'none',
  random: createPrng(1),
  wallSeconds: () => 0,
  loadAverage: () => 'n/a',
})

async function open(
  t: ExecutionContext,
  onRestart = (): void => {},
): Promise<{ root: string; control: ControlSocket }> {
  const root = temporaryFolder(t)
  const control = await ControlSocket.open(root, () => cluster.status(), onRestart)
  t.teardown(() => control.close())
  return { root, control }
}

async function ask(root: string, ...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', '']
  const code = await heartbeatStatus(
    argv,
    { HA_VARRUN: root },
    {
      out: text => {
        out += text
      },
      error: text => {
        error += text
      },
    },
  )
  return { code, out, error }
}

/** What a connection gets that says this; resolves when the daemon closes it. */
const say = (root: string, words: string): Promise<string> =>
  new Promise(resolve => {
    let got = ''
    const socket = connect(join(root, 'heartbeat/control'), () => socket.write(words))
    socket.on('data', chunk => {
      got += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
  })

test('the socket belongs to the daemon alone, and text and JSON are prints of one record', async t => {
  const { root } = await open(t)
  t.is(statSync(join(root, 'heartbeat/control')).mode & 0o777, 0o600)
  const text = await ask(root)
  t.is(text.code, 0, text.error)
  t.regex(text.out, /^alpha: init, waiting for the other nodes, generation 7$/m)
  const { out } = await ask(root, '--json')
  t.is(JSON.parse(out).us, 'alpha')
  t.deepEqual(JSON.parse(out).resources.groups, [{ node: 'alpha', key: 'web', holders: [] }])
})

test('a watcher gets each decision as one line, until the daemon ends', async t => {
  const { root, control } = await open(t)
  let out = ''
  const ended = heartbeatStatus(
    ['--watch'],
    { HA_VARRUN: root },
    {
      out: text => {
        out += text
        if (out.includes('first')) control.close()
      },
      error: () => {},
    },
  )
  // Until the watcher is there nobody listens: the decision is repeated as the event loop turns.
  const decide = (): void => {
    if (out !== '') return
    control.decided({ atMs: 1, node: 'beta', what: 'first\nline', because: 'a test' })
    setImmediate(decide)
  }
  decide()
  t.is(await ended, 0)
  for (const line of out.trimEnd().split('\n')) t.regex(line, /^\d{4}-.*Z {2}beta: first\?line \(a test\)$/)
})

test('who says anything else is closed without an answer', async t => {
  const { root } = await open(t)
  t.is(await say(root, 'stop\n'), '')
  t.is(await say(root, 'x'.repeat(100_000)), '')
})

test('too many at once are closed, and the daemon goes on answering', async t => {
  const { root } = await open(t)
  const answers = await Promise.all(Array.from({ length: 60 }, () => say(root, 'status\n')))
  const answered = answers.filter(answer => answer.startsWith('{"us":"alpha"')).length
  t.true(answered > 0 && answered <= 45, `${answered} of 60`)
})

test('without a daemon it says so, with the exit codes of -s', async t => {
  const root = temporaryFolder(t)
  t.deepEqual(await ask(root), { code: 3, out: '', error: 'heartbeat is stopped. No process\n' })
  t.is((await ask(root, '--jsn')).code, 2)
})

test('the word restart asks for a new life, once; other words do not', async t => {
  let asked = 0
  const { root } = await open(t, () => {
    asked++
  })
  await askControl(root, 'status', () => {})
  t.is(asked, 0)
  t.is(await askControl(root, 'restart', () => {}), null)
  t.is(asked, 1)
})
