import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { askForMove, HB_STANDBY, HB_TAKEOVER } from '../../../src/cli/commands/ask-for-move.js'
import { openFifo } from '../../../src/heartbeat/io/fifo.js'
import type { Message } from '../../../src/heartbeat/wire/message.js'

function folder(t: { teardown: (end: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), 'systole-fifo-'))
  t.teardown(() => rmSync(path, { recursive: true }))
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

const quiet = { out: () => {}, error: () => {} }

test('hb_standby and hb_takeover write the messages of the original', async t => {
  const varLib = folder(t)
  const fifo = await reader(join(varLib, 'fifo'))
  t.teardown(() => fifo.close())
  const env = { HA_VARLIB: varLib }
  const sent: string[] = []
  for (const argv of [[], ['local'], ['failback']]) {
    t.is(askForMove(HB_STANDBY, 'hb_standby', argv, env, quiet), 0)
    sent.push(textOf(await fifo.next()))
  }
  t.is(askForMove(HB_TAKEOVER, 'hb_takeover', ['foreign'], env, quiet), 0)
  sent.push(textOf(await fifo.next()))
  t.deepEqual(sent, [
    't=ask_resources rsc_hold=all info=me',
    't=ask_resources rsc_hold=local info=me',
    't=ask_resources rsc_hold=foreign info=me',
    't=hb_takeover rsc_hold=foreign',
  ])
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
  const varLib = folder(t)
  let said = ''
  const output = {
    out: () => {},
    error: (text: string) => {
      said += text
    },
  }
  t.is(askForMove(HB_STANDBY, 'hb_standby', [], { HA_VARLIB: varLib }, output), 1)
  t.regex(said, /heartbeat is not running on this machine/)
})

test('a wrong word, a second word and --help get the usage of the original and exit 1', t => {
  let said = ''
  const output = {
    out: (text: string) => {
      said += text
    },
    error: () => {},
  }
  const call = (...argv: string[]): number =>
    askForMove(HB_STANDBY, '/usr/share/heartbeat/hb_standby', argv, { HA_VARLIB: '/nonexistent' }, output)
  t.is(call('foo'), 1)
  t.is(
    said,
    '/usr/share/heartbeat/hb_standby: wrong resources(foo).\nusage:\n/usr/share/heartbeat/hb_standby [all|foreign|local|failback]\n',
  )
  t.is(call('all', 'all'), 1)
  t.is(call('--help'), 1)
})
