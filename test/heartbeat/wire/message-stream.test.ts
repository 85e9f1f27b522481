import test from 'ava'
import { isRefusal, messageBytesMax } from '../../../src/heartbeat/wire/message.js'
import { MessageStream } from '../../../src/heartbeat/wire/message-stream.js'

const read = (stream: MessageStream, ...pieces: string[]): string[] =>
  pieces
    .flatMap(piece => stream.push(Buffer.from(piece, 'latin1')))
    .map(item =>
      isRefusal(item) ? `! ${item.reason}` : item.fields.map(f => `${f.name}=${f.value}`).join(' '),
    )

test('a message in three writes, as the shell helpers write it, is one message', t => {
  t.deepEqual(read(new MessageStream(), '>>>\n', 't=ask_resources\nrsc_hold=all\ninfo=me\n', '<<<\n'), [
    't=ask_resources rsc_hold=all info=me',
  ])
})

test('several messages in one read are several messages', t => {
  const one = '>>>\nt=noise\nn=1\n<<<\n'
  t.deepEqual(
    read(new MessageStream(), one + one + one.slice(0, 5), one.slice(5)),
    Array(3).fill('t=noise n=1'),
  )
})

test('lines before a start line are skipped, and a message without end gives way to the next', t => {
  t.deepEqual(read(new MessageStream(), 'echo\n\n>>>\nt=a\n>>>\nt=b\n<<<\n'), [
    '! a message without an end',
    't=b',
  ])
})

test('a line without = spoils its message and no other', t => {
  t.deepEqual(read(new MessageStream(), '>>>\nt=a\njunk\nx=y\n<<<\n>>>\nt=b\n<<<\n'), [
    '! a line without =',
    't=b',
  ])
})

test('netstring form is read as well', t => {
  t.deepEqual(read(new MessageStream(), '###\n10:(0)t=no', 'ise,%', '%%\n>>>\nt=b\n<<<\n'), [
    't=noise',
    't=b',
  ])
  t.deepEqual(read(new MessageStream(), '###\nxx\n>>>\nt=b\n<<<\n'), ['! not the field of a message', 't=b'])
})

test('a writer without end is given up at 256 KiB, and the next message is read', t => {
  const kilobyte = 'x'.repeat(1024)
  for (const [start, piece, end] of [
    ['>>>\nt=', kilobyte, '\n'],
    ['>>>\n', `t=${kilobyte}\n`, ''],
    ['', kilobyte, '\n'],
    ['###\n262000:(0)t=', kilobyte, '\n'],
  ] as const) {
    const stream = new MessageStream()
    const found = read(stream, start, ...Array(300).fill(piece), end, '>>>\nt=b\n<<<\n')
    t.is(found.at(-1), 't=b')
    t.true(found.length <= 2)
  }
  t.true(300 * 1024 > messageBytesMax)
})
