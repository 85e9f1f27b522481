/** cl_status against our client socket, compared with recordings of the original's against the original's daemon. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { clStatus } from '../../../../../src/cli/commands/cl-status.js'
import type { ClusterView, NodeView } from '../../../../../src/heartbeat/api/cluster-view.js'
import { ApiSocket } from '../../../../../src/heartbeat/io/api-socket.js'
import { Message } from '../../../../../src/heartbeat/wire/message.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

interface Recorded {
  readonly argv: readonly string[]
  readonly output: string
  readonly exitCode: number
}

/** `--- cl_status WORDS`, the output of both streams, `rc=N`. */
function recordings(name: string): Recorded[] {
  const file = join(import.meta.dirname, `../../../../../../test/cli/recorded/${name}.txt`)
  return readFileSync(file, 'utf8')
    .split(/^--- cl_status ?/m)
    .slice(1)
    .map(block => {
      const [words = '', ...rest] = block.split('\n')
      const body = rest.join('\n')
      const end = body.lastIndexOf('rc=')
      return { argv: words.split(' '), output: body.slice(0, end), exitCode: Number(body.slice(end + 3)) }
    })
}

const node = (name: string, status: string, link: 'up' | 'dead'): NodeView => ({
  ...{
    name,
    type: 'normal',
    status,
    weight: 100,
    site: '',
    uuid: null,
    links: [{ name: 'eth1', status: link }],
  },
})
const viewWith = (beta: NodeView, resources: 'local' | 'all'): ClusterView => ({
  us: 'alpha',
  nodes: [node('alpha', 'active', 'up'), beta],
  keepaliveMs: 200,
  deadtimeMs: 3000,
  version: '3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)',
  logfacility: 0,
  parameters: new Map([['deadtime', '3']]),
  resources,
})

/** Clock, host and process id of a complaint differ. */
const comparable = (text: string): string =>
  text.replace(/^\w{3} [ \d]\d [\d:]{8} \S+ cl_status: \[\d+\]/gm, 'LOG')

for (const [name, view] of [
  ['cl_status-both-active', viewWith(node('beta', 'active', 'up'), 'local')],
  ['cl_status-peer-dead', viewWith(node('beta', 'dead', 'dead'), 'all')],
] as const) {
  test(`every recorded case of ${name} has the original's output and exit code`, async t => {
    const varRun = temporaryFolder(t)
    const uid = process.geteuid!()
    const api = await ApiSocket.open({
      folder: join(varRun, 'heartbeat'),
      owner: null,
      rules: new Map([['anon', { uids: [uid], gids: [] }]]),
      view: () => view,
      // The peer's daemon answers a question about its clients.
      onSubmit: message => {
        if (message.type !== 'query-cstatus') return
        const to = message.text('from_id') ?? ''
        api.deliver(Message.of(['t', 'respond-cstatus'], ['result', 'OK'], ['to_id', to], ['cs', 'offline']))
      },
      onLog: () => {},
    })
    t.teardown(() => api.close())
    const cases = recordings(name)
    t.true(cases.length >= 50)
    for (const { argv, output, exitCode } of cases) {
      let said = ''
      const say = (text: string): void => {
        said += text
      }
      const code = await clStatus(argv, { HA_VARRUN: varRun }, { out: say, error: say })
      // The recording holds both streams, but not in the order in which they were written.
      const lines = (text: string): string[] => comparable(text).split('\n').toSorted()
      t.deepEqual(lines(said), lines(output), argv.join(' '))
      t.is(code, exitCode, argv.join(' '))
    }
  })
}

test('without a daemon cl_status says stopped, or that it cannot sign on, and exits 1', async t => {
  const varRun = temporaryFolder(t)
  let said = ''
  const say = (text: string): void => {
    said += text
  }
  const call = (...argv: string[]): Promise<number> =>
    clStatus(argv, { HA_VARRUN: varRun }, { out: say, error: say })
  t.is(await call('hbstatus'), 1)
  t.is(said, 'Heartbeat is stopped on this machine.\n')
  t.is(await call('rscstatus'), 1)
  t.regex(
    said,
    /ERROR: Cannot signon with heartbeat\n.*REASON: hb_api_signon: Can't initiate connection to heartbeat\n$/s,
  )
  t.is(await call('bogus'), 11)
})

test('a client that announces a frame above the limit is closed, and the next one is served', async t => {
  const varRun = temporaryFolder(t)
  const api = await ApiSocket.open({
    folder: join(varRun, 'heartbeat'),
    owner: null,
    rules: new Map([['anon', { uids: [process.geteuid!()], gids: [] }]]),
    view: () => viewWith(node('beta', 'active', 'up'), 'local'),
    onSubmit: () => {},
    onLog: () => {},
  })
  t.teardown(() => api.close())
  const { connect } = await import('node:net')
  const socket = connect(join(varRun, 'heartbeat/register'))
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.write(Buffer.from('ffffff00cdab0000', 'hex'))
  await closed
  t.is(await clStatus(['rscstatus'], { HA_VARRUN: varRun }, { out: () => {}, error: () => {} }), 0)
})
