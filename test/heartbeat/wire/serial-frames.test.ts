import test from 'ava'
import fc from 'fast-check'
import { messageBytesMax } from '../../../src/heartbeat/wire/message.js'
import { SerialFrames } from '../../../src/heartbeat/wire/serial-frames.js'

/** As heartbeat 3.0.6 wrote it to a line. */
const status = `>>>
t=status
st=active
dt=1388
protocol=1
src=alpha
(1)srcuuid=UqfHG0TMSkORBzd4z5ZS2Q==
seq=4b
hg=6b0140bc
ts=6b0140db
ld=0.39 0.25 0.45 3/169 187
ttl=4
auth=1 c642a6430aa4275aae88bcda2a1bc651d8f2bd68
<<<
`
const other = '>>>\nt=NS_ackmsg\nauth=1 00\n<<<\n'

const read = (...pieces: (string | Uint8Array)[]): string[] => {
  const frames = new SerialFrames()
  return pieces
    .flatMap(piece => frames.push(Buffer.from(piece as string, 'latin1')))
    .map(frame => frame.toString('latin1'))
}

test('frames come out whole however the line cuts them', t => {
  const bytes = Buffer.from(status + other + status, 'latin1')
  fc.assert(
    fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }), cuts => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      t.deepEqual(read(...at.slice(1).map((end, n) => bytes.subarray(at[n], end))), [status, other, status])
    }),
  )
})

test('after any noise the next message but one is heard at the latest', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), noise => {
      t.true(read(noise, status, other).includes(other))
    }),
  )
})

test('noise on the line before a start, half a message of whole lines and a console in between cost only themselves', t => {
  t.deepEqual(read(`\x00\xff${status}`, other), [status, other])
  const cutBehindLine = status.slice(0, status.indexOf('seq='))
  t.deepEqual(read(cutBehindLine, status, other), [status, other])
  t.deepEqual(read('login: \r\n', status, 'Password:\n<<<\n', other), [status, other])
})

test('a message without an end, or a line without one, holds no more than one message', t => {
  const frames = new SerialFrames()
  const piece = Buffer.alloc(64 * 1024, 'x')
  for (let n = 0; n < 100; n++) t.deepEqual(frames.push(piece), [])
  t.deepEqual(frames.push(Buffer.from(`\n${status}`)).length, 1)
  frames.push(Buffer.from('>>>\n'))
  const line = Buffer.from(`${'y'.repeat(1000)}\n`)
  for (let bytes = 0; bytes < 2 * messageBytesMax; bytes += line.length) frames.push(line)
  t.deepEqual(frames.push(Buffer.from('<<<\n')), [])
  t.is(frames.push(Buffer.from(other)).length, 1)
})
