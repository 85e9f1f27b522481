import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'
import test from 'ava'
import { zlibCodec } from '../../../src/heartbeat/io/zlib-codec.js'
import { type Compression, expandWhole } from '../../../src/heartbeat/wire/compression.js'
import { type FieldValue, isRefusal, Message, messageBytesMax } from '../../../src/heartbeat/wire/message.js'
import { encodeNetstring } from '../../../src/heartbeat/wire/netstring.js'
import { decodePacket, openPacket, sealClassic, sealMessage } from '../../../src/heartbeat/wire/packet.js'
import { keyRing } from '../../../src/heartbeat/wire/signature.js'

interface Recorded {
  readonly key: string
  readonly packets: Readonly<Record<string, string>>
}

const file = join(process.cwd(), 'test/heartbeat/wire/recorded/compressed.json')
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded
const ring = keyRing(1, [{ number: 1, method: 'sha1', key: Buffer.from(recorded.key) }])!
const sentence = 'the quick brown fox jumps over the lazy dog 42. '
const text = (length: number): string => sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length)

const compression = (over: Partial<Compression> = {}): Compression => ({
  ...{ codec: zlibCodec, isTraditional: false, thresholdBytes: 1024 },
  ...over,
})

/** The recorded packet, verified with its key. */
const open = (name: string): Message => {
  const packet = openPacket(Buffer.from(recorded.packets[name]!, 'base64'), ring)
  if (isRefusal(packet)) throw new Error(packet.reason)
  return packet.message
}

const struct = (length: number) => {
  const inner = Message.of(['t', 'inner'], ['body', text(length)])
  return { type: 5 as const, raw: Uint8Array.from(encodeNetstring(inner)) }
}

/** Two implementations of zlib write different bytes for the same text. */
const inflated = (value: FieldValue | undefined): string => {
  const bytes = value instanceof Uint8Array || typeof value !== 'object' ? value : value.raw
  return bytes instanceof Uint8Array ? inflateSync(bytes).toString('latin1') : 'not compressed'
}

for (const [name, length, format] of [
  ['field, msgfmt classic', 500, 'classic'],
  ['field, msgfmt netstring', 10, 'netstring'],
] as const) {
  test(`a struct to be compressed leaves us as it left the original (${name})`, t => {
    const original = open(name)
    const names = original.fields.map(field => field.name)
    // As the client wrote it and the daemon stamped it: everything but what the compression and the signature added.
    const before = new Message(
      original.fields.filter(field => !['auth', '_compression_algorithm'].includes(field.name)),
    )
    const datagram = sealMessage(before.with('x', struct(length)), ring, format, compression())
    if (isRefusal(datagram)) return t.fail(datagram.reason)
    const ours = decodePacket(datagram)
    if (isRefusal(ours)) return t.fail(ours.reason)
    t.deepEqual(
      ours.message.fields.map(field => field.name),
      names,
    )
    t.is(inflated(ours.message.field('x')), inflated(original.field('x')))
  })
}

test('a message that the original compressed as a whole is the message that it meant', t => {
  const simple = expandWhole(open('whole, classic text'), zlibCodec)
  if (isRefusal(simple)) return t.fail(simple.reason)
  t.is(simple.type, 'probe-t760')
  t.is(simple.text('x'), text(760))
  t.is(simple.text('src'), 'alpha')
  const nested = expandWhole(open('whole, netstring text'), zlibCodec)
  if (isRefusal(nested)) return t.fail(nested.reason)
  t.is(nested.type, 'probe-s5big')
  t.deepEqual(nested.field('x'), struct(3000))
})

test('traditional_compression: the text that the original compressed is what we compress, and the same is left as it is', t => {
  const traditional = compression({ isTraditional: true })
  const seal = (message: Message) => sealMessage(message.without('auth'), ring, 'classic', traditional)
  const original = open('whole, classic text')
  const meant = expandWhole(original, zlibCodec)
  if (isRefusal(meant)) return t.fail(meant.reason)
  const datagram = seal(meant)
  const ours = isRefusal(datagram) ? datagram : openPacket(datagram, ring)
  if (isRefusal(ours)) return t.fail(ours.reason)
  t.deepEqual(
    ours.message.fields.map(({ name, value }) => [name, typeof value === 'string' ? value : inflated(value)]),
    original.fields.map(({ name, value }) => [name, typeof value === 'string' ? value : inflated(value)]),
  )
  const name = 'below the threshold of 1024 bytes'
  t.deepEqual(seal(open(name)), Buffer.from(recorded.packets[name]!, 'base64'))
})

test('a message too large for a datagram is compressed even where nobody asked for it', t => {
  const large = Message.of(['t', 'large'], ['x', text(100_000)])
  t.true(isRefusal(sealMessage(large, ring, 'classic')))
  const datagram = sealMessage(large, ring, 'classic', compression())
  if (isRefusal(datagram)) return t.fail(datagram.reason)
  const packet = openPacket(datagram, ring)
  if (isRefusal(packet)) return t.fail(packet.reason)
  const meant = expandWhole(packet.message, zlibCodec)
  t.is(isRefusal(meant) ? meant.reason : meant.text('x'), text(100_000))
})

test('a serial line gets the classic form with compressed fields, and never a whole message compressed', t => {
  const message = Message.of(['t', 'probe'], ['x', struct(10)], ['y', text(2000)])
  const line = sealClassic(message, ring, 'netstring', compression({ isTraditional: true }))
  if (isRefusal(line)) return t.fail(line.reason)
  // The value is the one that heartbeat 3.0.6 wrote on a line for this struct with msgfmt netstring.
  const value = 'eJxTVlbmMjSw0jDQLLHNzMtLLdIxtADxkvJTKm1LMlIVCkszk7MVdFRVVbkA/zgL2w=='
  t.true(line.toString('latin1').startsWith(`>>>\nt=probe\n(4)x=${value}\ny=the quick`))
  t.regex(line.toString('latin1'), /\n_compression_algorithm=zlib\nauth=1 [0-9a-f]{40}\n<<<\n$/)
  t.false(isRefusal(openPacket(line, ring)))
})

test('a bomb, damage, another algorithm and a compressed message in another are refused, each in a sentence', t => {
  const whole = (payload: Uint8Array, algorithm = 'zlib'): Message =>
    Message.of(['_compressed_payload', Uint8Array.from(payload)], ['_compression_algorithm', algorithm])
  const reason = (message: Message): string => {
    const expanded = expandWhole(message, zlibCodec)
    return isRefusal(expanded) ? expanded.reason : 'expanded'
  }
  const bomb = deflateSync(Buffer.alloc(200 * 1024 * 1024, 'a'))
  t.true(bomb.length < messageBytesMax)
  t.regex(reason(whole(bomb)), /damaged or above 262144 bytes/)
  const fine = deflateSync(encodeNetstring(Message.of(['t', 'status'])))
  t.is(reason(whole(fine)), 'expanded')
  for (let cut = 0; cut < fine.length - 4; cut++) t.not(reason(whole(fine.subarray(0, cut))), 'expanded')
  t.regex(reason(whole(fine, 'bz2')), /compressed with bz2; only zlib is understood/)
  t.regex(reason(whole(deflateSync(Buffer.from('no message')))), /in a compressed message/)
  t.regex(reason(whole(deflateSync(encodeNetstring(whole(fine))))), /compressed message in a compressed/)
})
