import test from 'ava'
import fc from 'fast-check'
import { decodeClassic, encodeClassic, encodeClassicLines } from '../../../src/heartbeat/wire/classic.js'
import { hasStruct } from '../../../src/heartbeat/wire/compression.js'
import {
  type Carried,
  type FieldValue,
  isRefusal,
  Message,
  type MessageFormat,
  messageBytesMax,
} from '../../../src/heartbeat/wire/message.js'
import { MessageStream } from '../../../src/heartbeat/wire/message-stream.js'
import { decodeNetstring, encodeNetstring } from '../../../src/heartbeat/wire/netstring.js'
import { decodePacket, openPacket, sealMessage } from '../../../src/heartbeat/wire/packet.js'
import { type AuthKey, digest, keyRing } from '../../../src/heartbeat/wire/signature.js'
import { readCapture } from '../../captures/read-pcap.js'

const latin1 = (unit: fc.Arbitrary<number>, maxLength: number) =>
  fc.array(unit, { maxLength }).map(codes => String.fromCharCode(...codes))

const name = fc
  .tuple(fc.constantFrom(...'tsxAZ_9\xe9'), latin1(fc.constantFrom(0x41, 0x5f, 0x28, 0x29, 0x39, 0xff), 6))
  .map(([first, rest]) => first + rest)
/** Bytes 15 to 31 stand for newlines in the line form: it cannot carry them as themselves. */
const text = latin1(
  fc.integer({ min: 1, max: 255 }).filter(code => code === 10 || code < 15 || code > 31),
  30,
)
const raw = fc.uint8Array({ maxLength: 40 })
const plainField = fc.record({ name, value: fc.oneof(text, raw) as fc.Arbitrary<FieldValue> })

const carried: fc.Arbitrary<Carried> = fc.oneof(
  fc.record({
    type: fc.constant(3 as const),
    raw: text.map(list => Uint8Array.from(Buffer.from(list, 'latin1'))),
  }),
  fc.record({ type: fc.constant(4 as const), raw }),
  fc.record({
    type: fc.constantFrom(2 as const, 5 as const),
    raw: fc.array(plainField, { maxLength: 4 }).chain(inner =>
      fc.boolean().map(deep => {
        const once = encodeNetstring(new Message(inner))
        const nested = { type: 2 as const, raw: Uint8Array.from(once) }
        return Uint8Array.from(deep ? encodeNetstring(Message.of(['inside', nested])) : once)
      }),
    ),
  }),
)

const message = fc
  .array(fc.record({ name, value: fc.oneof(text, raw, carried) as fc.Arbitrary<FieldValue> }), {
    maxLength: 8,
  })
  .map(fields => new Message(fields))

/** Buffers and byte arrays of the same bytes count as equal. */
const plain = (message: Message) =>
  message.fields.map(({ name, value }) => [
    name,
    typeof value === 'string' ? value : value instanceof Uint8Array ? [...value] : [value.type, ...value.raw],
  ])

test('what is encoded in netstring form decodes to the same message', t => {
  fc.assert(
    fc.property(message, message => {
      const bytes = encodeNetstring(message)
      const decoded = decodeNetstring(bytes)
      if (isRefusal(decoded)) return t.fail(decoded.reason)
      t.deepEqual(plain(decoded.message), plain(message))
      t.is(decoded.end, bytes.length)
      t.deepEqual(encodeNetstring(decoded.message), bytes)
    }),
  )
})

test('what is encoded in classic form decodes to the same message, with or without its NUL', t => {
  fc.assert(
    fc.property(message, fc.boolean(), (message, isTerminated) => {
      const bytes = encodeClassic(message)
      const decoded = decodeClassic(isTerminated ? Buffer.concat([bytes, Buffer.from([0])]) : bytes)
      if (isRefusal(decoded)) return t.fail(decoded.reason)
      t.deepEqual(plain(decoded), plain(message))
      t.deepEqual(encodeClassic(decoded), bytes)
    }),
  )
})

const keys: AuthKey[] = [
  { number: 0, method: 'crc', key: Buffer.of() },
  { number: 1, method: 'sha1', key: Buffer.from('first secret') },
  { number: 15, method: 'md5', key: Buffer.from('second\xff', 'latin1') },
]
const rings = keys.map(key => keyRing(key.number, keys)!)

test('what one holder of the keys seals every other opens, whichever key it signs with', t => {
  fc.assert(
    fc.property(
      message,
      fc.constantFrom(...rings),
      fc.constantFrom(...rings),
      (message, sender, receiver) => {
        const without = message.without('auth')
        for (const format of ['classic', 'netstring'] as const) {
          const datagram = sealMessage(without, sender, format)
          if (isRefusal(datagram)) return t.fail(datagram.reason)
          const packet = openPacket(datagram, receiver)
          if (isRefusal(packet)) return t.fail(packet.reason)
          t.deepEqual(plain(packet.message.without('auth')), plain(without))
          // As recorded: the original gives no inner signature to what holds a struct.
          t.is(packet.message.field('auth') !== undefined, format === 'classic' && !hasStruct(without))
        }
      },
    ),
  )
})

/** One packet of each kind: each method, both formats, and the classic form on the network. */
const samples = [
  'auth-crc-classic',
  'auth-md5-classic',
  'auth-sha1-classic',
  'auth-sha1-netstring',
  'idle',
  'forge',
]
const sampleKeys: AuthKey[] = [
  { number: 1, method: 'sha1', key: Buffer.from('hbw-secret') },
  { number: 2, method: 'crc', key: Buffer.of() },
  { number: 3, method: 'sha1', key: Buffer.from('hbw-sha1-key') },
]
const sampleRing = keyRing(1, sampleKeys)!
const md5Ring = keyRing(1, [{ number: 1, method: 'md5', key: Buffer.from('hbw-md5-key') }])!
const recorded = samples.flatMap(sample => {
  const ring = sample.includes('md5') ? md5Ring : sampleRing
  const good = readCapture(sample).filter(({ payload }) => !isRefusal(openPacket(payload, ring)))
  const classic = good.filter(({ payload }) => payload[0] === 0x3e)
  return [good[0]!, ...classic.slice(0, 1)].map(({ payload }) => ({ sample, ring, payload }))
})

test('no recorded packet opens when one byte is changed, to any value of one bit or of all', t => {
  t.is(recorded.length, 7)
  for (const { sample, ring, payload } of recorded) {
    for (let at = 0; at < payload.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = Buffer.from(payload)
        changed[at]! ^= mask
        const packet = openPacket(changed, ring)
        if (!isRefusal(packet)) return t.fail(`${sample}: byte ${at} changed by ${mask} still opens`)
      }
    }
  }
})

test('no recorded packet opens when it is cut, but for the NUL that may be absent', t => {
  for (const { sample, ring, payload } of recorded) {
    const isTerminated = payload[payload.length - 1] === 0
    for (let length = 0; length < payload.length - (isTerminated ? 1 : 0); length++) {
      if (!isRefusal(openPacket(payload.subarray(0, length), ring)))
        return t.fail(`${sample}: opens at ${length}`)
    }
  }
  t.pass()
})

test('random bytes, also behind a right beginning, give a reason and never an exception', t => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
    fc
      .constantFrom(
        '###\n',
        '%%%\n',
        '>>>\n',
        '<<<\n',
        '8:(0)t=ab,',
        '(2)s=',
        '(1)b=',
        '12:(2)s=',
        '42:1 ',
        ',',
        '=',
      )
      .map(text => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const bytes = Buffer.concat(pieces)
      for (const start of ['', '###\n', '>>>\n']) {
        const packet = openPacket(Buffer.concat([Buffer.from(start), bytes]), rings[1]!)
        t.true(isRefusal(packet) && packet.reason.length > 0 && packet.reason.length < 400)
      }
      new MessageStream().push(bytes)
    }),
    { numRuns: 500 },
  )
})

test('structs nested without end are refused, in both forms', t => {
  let netstring = Buffer.from('###\n%%%\n')
  let classic = '>>>\n<<<\n'
  for (let depth = 0; depth < 200; depth++) {
    const body = Buffer.concat([Buffer.from('(2)s='), netstring])
    netstring = Buffer.concat([Buffer.from(`###\n${body.length}:`), body, Buffer.from(',%%%\n')])
    classic = `>>>\n(2)s=${classic.replaceAll('\n', String.fromCharCode(20))}\n<<<\n`
  }
  t.true('reason' in decodeNetstring(netstring))
  t.true('reason' in decodeClassic(Buffer.from(classic)))
})

test('a packet of the largest size that is full of fields is decoded or refused in linear time', t => {
  const timeOf = (fields: number): number => {
    const bytes = Buffer.from(`###\n${'6:(0)t=a,'.repeat(fields)}%%%\n5:1 abc,`)
    // The best of five: other work on the machine only ever adds.
    const times = Array.from({ length: 5 }, () => {
      const started = process.hrtime.bigint()
      t.true('message' in decodePacket(bytes))
      return Number(process.hrtime.bigint() - started)
    })
    return Math.min(...times)
  }
  const most = Math.floor((messageBytesMax - 20) / 9)
  timeOf(most) // warm up
  const ratio = timeOf(most) / Math.max(1, timeOf(most / 8))
  t.true(ratio < 8 * 6, `8 times the fields took ${ratio.toFixed(1)} times as long`)
})

test('a stream gives the same messages however it is cut into pieces', t => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ message, isClassic: fc.boolean(), junk: fc.constantFrom('', '\n', 'noise\n', '\0') }),
        {
          maxLength: 5,
        },
      ),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
      (written, cuts) => {
        const bytes = Buffer.concat(
          written.flatMap(({ message, isClassic, junk }) => [
            isClassic ? encodeClassic(message) : encodeNetstring(message),
            Buffer.from(junk),
          ]),
        )
        const stream = new MessageStream()
        const found = []
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const length = cuts[n % cuts.length]!
          found.push(...stream.push(bytes.subarray(at, at + length)))
          at += length
        }
        t.deepEqual(
          found.map(item => (isRefusal(item) ? item.reason : plain(item))),
          written.map(({ message }) => plain(message)),
        )
      },
    ),
  )
})

test('what is sealed in one go is what the steps give one by one, also after other values of the same fields', t => {
  const key: AuthKey = { number: 1, method: 'sha1', key: Buffer.from('hbw-sha1-key') }
  const ring = keyRing(1, [key])!
  const formats = fc.constantFrom<MessageFormat>('classic', 'netstring')
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), formats, (messages, format) => {
      for (const message of messages) {
        const isClassic = format === 'classic' && !hasStruct(message)
        const lines = encodeClassicLines(message.without('auth'))
        const signed = encodeNetstring(isClassic ? message.with('auth', `1 ${digest(key, lines)}`) : message)
        const signature = `1 ${digest(key, signed)}`
        const stepwise = Buffer.concat([signed, Buffer.from(`${signature.length}:${signature},`)])
        t.deepEqual(sealMessage(message, ring, format), stepwise)
      }
    }),
  )
})
