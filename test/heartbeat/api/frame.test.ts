import test from 'ava'
import fc from 'fast-check'
import { encodeFrame, FrameStream } from '../../../src/heartbeat/api/frame.js'
import { isRefusal, Message } from '../../../src/heartbeat/wire/message.js'

// Written by cl_status of heartbeat 3.0.6 (89 bytes with its header).
const signon = Buffer.concat([
  Buffer.from('51000000cdab0000', 'hex'),
  Buffer.from(
    '>>>\nt=hbapi-req\nreqtype=signon\ndest=node1\npid=411\nfrom_id=411\nuid=0\ngid=107\n<<<\n\0',
    'latin1',
  ),
])

test('a recorded frame decodes and encodes to the same bytes', t => {
  const { messages, broken } = new FrameStream().push(signon)
  t.is(broken, null)
  const [message] = messages
  if (!(message instanceof Message)) return t.fail('a message was expected')
  t.is(message.text('reqtype'), 'signon')
  t.deepEqual(encodeFrame(message), signon)
  t.pass()
})

test('messages come out the same however the bytes are cut', t => {
  const all = Buffer.concat([signon, signon, signon])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 12 }), cuts => {
      const stream = new FrameStream()
      const edges = [0, ...cuts.toSorted((a, b) => a - b), all.length]
      const found = edges.slice(1).flatMap((to, i) => stream.push(all.subarray(edges[i]!, to)).messages)
      return found.length === 3 && found.every(message => message instanceof Message)
    }),
  )
  t.pass()
})

test('a length above 256 KiB and a wrong magic number break the stream', t => {
  const header = (length: number, magic: number): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(length, 0)
    bytes.writeUInt32LE(magic, 4)
    return bytes
  }
  t.is(new FrameStream().push(header(262_144, 0xabcd)).broken, null)
  t.not(new FrameStream().push(header(262_145, 0xabcd)).broken, null)
  t.not(new FrameStream().push(header(0xffff_ffff, 0xabcd)).broken, null)
  t.not(new FrameStream().push(header(10, 0xabce)).broken, null)
})

test('a body without the final NUL and one in netstring form are understood', t => {
  const body = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'latin1')
    const header = Buffer.alloc(8)
    header.writeUInt32LE(bytes.length, 0)
    header.writeUInt32LE(0xabcd, 4)
    return Buffer.concat([header, bytes])
  }
  for (const text of ['>>>\nt=x\n<<<\n', '###\n6:(0)t=x,%%%\n']) {
    const [message] = new FrameStream().push(body(text)).messages
    t.is(message instanceof Message ? message.type : '', 'x', text)
  }
  const [refusal] = new FrameStream().push(body('nonsense')).messages
  t.true(refusal !== undefined && isRefusal(refusal))
})

test('a frame of the largest size that comes byte by byte is not copied anew with each byte', t => {
  const body = Buffer.alloc(262_144, 'x')
  const frame = Buffer.concat([Buffer.from('00000400cdab0000', 'hex'), body, signon])
  const timeOf = (piece: number): number => {
    const stream = new FrameStream()
    const started = process.hrtime.bigint()
    let found = 0
    for (let at = 0; at < frame.length; at += piece)
      found += stream.push(frame.subarray(at, at + piece)).messages.length
    t.is(found, 2)
    return Number(process.hrtime.bigint() - started) / 1e6
  }
  timeOf(1)
  // Copying what is held at each byte would take 30 s and more.
  t.true(timeOf(1) < 2_000, `${timeOf(1)} ms`)
})
