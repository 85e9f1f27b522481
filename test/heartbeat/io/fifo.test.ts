import { closeSync, constants, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type CommandName, tellCluster } from '../../../src/cli/commands/tell-cluster.js'
import { openFifo } from '../../../src/heartbeat/io/fifo.js'
import type { Message } from '../../../src/heartbeat/wire/message.js'
import { readBlocks } from '../../peers/tools/play.js'
import { temporaryFolder } from '../../temporary-folder.js'

function folder(t: { teardown: (end: () => void) => void }): string {
  const path = temporaryFolder(t)
  return path
}

/** A reader that hands out what comes in, one by one. */
async function reader(path: string): Promise<{ next: () => Promise<Message | string>; close: () => void }> {
  const arrived: (Message | string)[] = []
  let wake: () => void = () => {}
  const put = (item: Message | string): void => {
    arrived.push(item)
    wake()
  }
  const fifo = await openFifo(path, { onMessage: put, onRefused: put })
  const next = async (): Promise<Message | string> => {
    while (arrived.length === 0) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    return arrived.shift()!
  }
  return { next, close: () => fifo.close() }
}

const textOf = (message: Message | string): string =>
  typeof message === 'string'
    ? message
    : message.fields.map(({ name, value }) => `${name}=${String(value)}`).join(' ')

/** What both streams were given, in order. */
function call(name: CommandName, varLib: string, ...argv: string[]): { code: number; said: string } {
  let said = ''
  const hear = (text: string): void => {
    said += text
  }
  const program = `/usr/share/heartbeat/${name}`
  const output = { out: hear, error: hear }
  return { code: tellCluster(name, { program, argv, env: { HA_VARLIB: varLib }, output }), said }
}

test('the commands that speak to the cluster write the messages of the original', async t => {
  const varLib = folder(t)
  const fifo = await reader(join(varLib, 'fifo'))
  t.teardown(() => fifo.close())
  // The fields and their order are those that the scripts of heartbeat 3.0.6 write.
  for (const [name, argv, message] of [
    ['hb_standby', [], 't=ask_resources rsc_hold=all info=me'],
    ['hb_standby', ['local'], 't=ask_resources rsc_hold=local info=me'],
    ['hb_standby', ['failback'], 't=ask_resources rsc_hold=foreign info=me'],
    ['hb_takeover', ['foreign'], 't=hb_takeover rsc_hold=foreign'],
    ['hb_takeover', ['failback'], 't=hb_takeover rsc_hold=failback'],
    ['hb_addnode', ['gamma', 'Delta'], 't=addnode nodelist=gamma Delta'],
    ['hb_delnode', ['gamma'], 't=delnode nodelist=gamma'],
    ['hb_setweight', ['beta', '50'], 't=setweight node=beta weight=50'],
    ['hb_setweight', ['beta'], 't=setweight node=beta weight='],
    ['hb_setsite', ['beta', 'new york'], 't=setsite node=beta site=new york'],
  ] as const) {
    t.is(call(name, varLib, ...argv).code, 0)
    t.is(textOf(await fifo.next()), message)
  }
})

test('a word with a line end cannot put a field of its own into the message', t => {
  const { code, said } = call('hb_setsite', '/nonexistent', 'beta', 'x\nt=ask_resources')
  t.is(code, 1)
  t.regex(said, /without line ends/)
})

test('a message that comes in pieces is one message, and a second writer finds the reader still there', async t => {
  const path = join(folder(t), 'fifo')
  const fifo = await reader(path)
  t.teardown(() => fifo.close())
  t.is(statSync(path).mode & 0o777, 0o600)
  for (const [name, pieces] of [
    ['one', ['>>>\n', 't=one\na=b\n', '<<<\n']],
    ['two', ['junk\n>>>\nt=t', 'wo\n<<<\n']],
  ] as const) {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    for (const piece of pieces) writeSync(fd, piece)
    closeSync(fd)
    const message = await fifo.next()
    t.is(typeof message === 'string' ? message : message.type, name)
  }
})

test('a plain file in the place of the FIFO is replaced', async t => {
  const path = join(folder(t), 'fifo')
  writeFileSync(path, '')
  const fifo = await reader(path)
  fifo.close()
  t.true(statSync(path).isFIFO())
})

test('without a daemon hb_standby says so at once and exits 1', t => {
  const { code, said } = call('hb_standby', folder(t))
  t.is(code, 1)
  t.regex(said, /heartbeat is not running on this machine/)
})

// Both streams and the code as recorded from heartbeat 3.0.6 (test/peers/tools/packaged-tools.txt).
for (const { command, answer } of readBlocks('packaged-tools')) {
  const words = /^\$S\/(hb_\w+) ?([^$;]*)$/.exec(command)
  if (words === null || answer.exitCode === 0) continue
  const [, name = '', rest = ''] = words
  test(`${name} ${rest} says what the original says and exits 1`, t => {
    const argv = rest.split(' ').filter(word => word !== '')
    const { code, said } = call(name as CommandName, '/nonexistent', ...argv)
    t.is(code, answer.exitCode)
    if (rest === '--help') t.true(said.startsWith(answer.output), said)
    else t.is(said, answer.output)
  })
}
