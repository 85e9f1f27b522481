import test from 'ava'
import { encodeClassicLines } from '../../../src/heartbeat/wire/classic.js'
import { isRefusal, Message } from '../../../src/heartbeat/wire/message.js'
import {
  datagramBytesMax,
  decodePacket,
  openPacket,
  sealMessage,
} from '../../../src/heartbeat/wire/packet.js'
import { type AuthKey, digest, keyRing, signingWith } from '../../../src/heartbeat/wire/signature.js'

// Whole packets recorded from heartbeat 3.0.6 (captures auth-*), with the digests that were recomputed by hand.
interface Example {
  readonly title: string
  readonly key: AuthKey
  readonly bytes: number
  readonly signedBytes: number
  readonly inner: string | undefined
  readonly digest: string
  readonly hex: readonly string[]
}

const examples: readonly Example[] = [
  {
    title: 'sha1, msgfmt classic',
    key: { number: 3, method: 'sha1', key: Buffer.from('hbw-sha1-key') },
    bytes: 307,
    signedBytes: 261,
    inner: '91b3ea267fc03a96427b5dcd1280a26dc8e6a239',
    digest: '2b46ff18489339d5cd502eb12acd9ecc21cc2644',
    hex: [
      '2323230a31313a283029743d7374617475732c31323a28302973743d6163746976652c31303a28302964743d31333838',
      '2c31333a28302970726f746f636f6c3d312c31313a2830297372633d626574612c32373a283129737263757569643d3c',
      '71329c3ffc4ccb8b4040dbf542e18e2c383a2830297365713d362c31343a28302968673d36623030666330662c31343a',
      '28302974733d36623030666330662c32393a2830296c643d302e353020302e333420302e323520352f3233302034392c',
      '383a28302974746c3d332c35303a283029617574683d3320393162336561323637666330336139363432376235646364',
      '313238306132366463386536613233392c2525250a34323a332032623436666631383438393333396435636435303265',
      '6231326163643965636332316363323634342c',
    ],
  },
  {
    title: 'md5, msgfmt classic',
    key: { number: 1, method: 'md5', key: Buffer.from('hbw-md5-key') },
    bytes: 292,
    signedBytes: 254,
    inner: 'b46fc62a865228c80ccae481c69d91ba',
    digest: '44b750e0bf5f59175853ed7f47d071d1',
    hex: [
      '2323230a31313a283029743d7374617475732c31323a28302973743d6163746976652c31303a28302964743d31333838',
      '2c31333a28302970726f746f636f6c3d312c31323a2830297372633d616c7068612c32373a283129737263757569643d',
      '8f6e52e70eba4cf8a1fdecbe65bded632c383a2830297365713d372c31343a28302968673d36623030666266662c3134',
      '3a28302974733d36623030666330302c32393a2830296c643d302e303220302e323520302e323220332f323236203530',
      '2c383a28302974746c3d332c34323a283029617574683d31206234366663363261383635323238633830636361653438',
      '3163363964393162612c2525250a33343a31203434623735306530626635663539313735383533656437663437643037',
      '3164312c',
    ],
  },
  {
    title: 'crc, msgfmt classic',
    key: { number: 2, method: 'crc', key: Buffer.of() },
    bytes: 244,
    signedBytes: 230,
    inner: 'c1ff6167',
    digest: '1386c901',
    hex: [
      '2323230a31313a283029743d7374617475732c31323a28302973743d6163746976652c31303a28302964743d31333838',
      '2c31333a28302970726f746f636f6c3d312c31323a2830297372633d616c7068612c32373a283129737263757569643d',
      '40226c6262be49f493e4759c9801914b2c383a2830297365713d362c31343a28302968673d36623030666266302c3134',
      '3a28302974733d36623030666265662c32393a2830296c643d302e303320302e323620302e323220342f323038203439',
      '2c383a28302974746c3d332c31383a283029617574683d322063316666363136372c2525250a31303a32203133383663',
      '3930312c',
    ],
  },
  {
    title: 'sha1, msgfmt netstring',
    key: { number: 3, method: 'sha1', key: Buffer.from('hbw-sha1-key') },
    bytes: 254,
    signedBytes: 208,
    inner: undefined,
    digest: '1be690fe9bb5588c6124012a7cca85e81d817399',
    hex: [
      '2323230a31313a283029743d7374617475732c31323a28302973743d6163746976652c31303a28302964743d31333838',
      '2c31333a28302970726f746f636f6c3d312c31323a2830297372633d616c7068612c32373a283129737263757569643d',
      '0e3b4da737af442e8cd01e45f0f669702c383a2830297365713d362c31343a28302968673d36623030666333662c3134',
      '3a28302974733d36623030666333652c32393a2830296c643d312e353920302e363720302e333720372f323134203339',
      '2c383a28302974746c3d332c2525250a34323a3320316265363930666539626235353838633631323430313261376363',
      '613835653831643831373339392c',
    ],
  },
]

for (const example of examples) {
  test(`the worked example ${example.title} opens, with inner and outer digest as documented`, t => {
    const datagram = Buffer.from(example.hex.join(''), 'hex')
    t.is(datagram.length, example.bytes)
    const packet = openPacket(datagram, keyRing(example.key.number, [example.key])!)
    if (isRefusal(packet)) return t.fail(packet.reason)
    t.is(packet.signedBytes.length, example.signedBytes)
    t.is(packet.digest, example.digest)
    t.is(packet.authNumber, example.key.number)
    const inner = packet.message.text('auth')
    t.is(inner, example.inner && `${example.key.number} ${example.inner}`)
    if (example.inner) {
      t.is(digest(example.key, encodeClassicLines(packet.message.without('auth'))), example.inner)
    }
  })
}

test('the first worked example holds the fields that tcpdump showed, in their order', t => {
  const packet = decodePacket(Buffer.from(examples[0]!.hex.join(''), 'hex'))
  if (isRefusal(packet)) return t.fail(packet.reason)
  t.deepEqual(packet.message.fields.slice(0, 11), [
    { name: 't', value: 'status' },
    { name: 'st', value: 'active' },
    { name: 'dt', value: '1388' },
    { name: 'protocol', value: '1' },
    { name: 'src', value: 'beta' },
    { name: 'srcuuid', value: Uint8Array.from(Buffer.from('3c71329c3ffc4ccb8b4040dbf542e18e', 'hex')) },
    { name: 'seq', value: '6' },
    { name: 'hg', value: '6b00fc0f' },
    { name: 'ts', value: '6b00fc0f' },
    { name: 'ld', value: '0.50 0.34 0.25 5/230 49' },
    { name: 'ttl', value: '3' },
  ])
})

test('a crc with a leading zero is written without it, as heartbeat 3.0.6 does', t => {
  const key: AuthKey = { number: 2, method: 'crc', key: Buffer.of() }
  const short = Array.from({ length: 200 }, (_, n) => digest(key, Buffer.from(`${n}`))).filter(
    hex => hex.length < 8,
  )
  t.true(short.length > 0)
  t.true(short.every(hex => !hex.startsWith('0')))
})

const ring = keyRing(1, [{ number: 1, method: 'sha1', key: Buffer.from('secret') }])!

const faultOf = (text: string) => {
  const packet = openPacket(Buffer.from(text, 'latin1'), ring)
  return isRefusal(packet) ? packet.fault : 'opened'
}

test('what is no packet is refused with the right fault', t => {
  t.is(faultOf(''), 'foreign')
  t.is(faultOf('hello'), 'foreign')
  t.is(faultOf('###\n'), 'malformed')
  t.is(faultOf('###\n%%%\n'), 'unsigned')
  t.is(faultOf('###\n%%%\n5:1 abc'), 'unsigned')
  t.is(faultOf('###\n%%%\n6:16 abc,'), 'unsigned')
  t.is(faultOf('###\n%%%\n5:1 aBc,'), 'unsigned')
  t.is(faultOf('###\n%%%\n5:7 abc,'), 'unknown-key')
  t.is(faultOf('###\n%%%\n5:1 abc,'), 'wrong-digest')
  t.is(faultOf('###\n%%%\n5:1 abc,more'), 'malformed')
  t.is(faultOf('###\n6:(0)t=a%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('###\n06:(0)t=a,%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('###\n99999999999999999999:(0)t=a,%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('###\n6:(7)t=a,%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('###\n6:(0)t=\0,%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('###\n5:(0)ta,%%%\n5:1 abc,'), 'malformed')
  t.is(faultOf('>>>\nt=a\n<<<\n'), 'unsigned')
  t.is(faultOf('>>>\nt=a\nauth=1 abc\nauth=1 abc\n<<<\n'), 'unsigned')
  t.is(faultOf('>>>\nt=a\nauth=1 abc\n<<<\n\0'), 'wrong-digest')
  t.is(faultOf('>>>\nt\nauth=1 abc\n<<<\n'), 'malformed')
  t.is(faultOf('>>>\n(1)u=PHEynD\nauth=1 abc\n<<<\n'), 'malformed')
})

test('a message whose field name would open a line of its own is not sealed', t => {
  for (const name of ['a\nb', '', '(0)a', 'a=b', 'a b']) {
    t.true('reason' in sealMessage(Message.of([name, 'x']), ring, 'netstring'), JSON.stringify(name))
  }
  t.true('reason' in sealMessage(Message.of(['t', 'a\0b']), ring, 'netstring'))
  t.true('reason' in sealMessage(Message.of(['t', '\u20ac']), ring, 'netstring'))
})

test('a message larger than a datagram is refused with its size, one just as large is sealed', t => {
  const empty = sealMessage(Message.of(['t', '']), ring, 'netstring')
  if (isRefusal(empty)) return t.fail(empty.reason)
  const room = datagramBytesMax - empty.length - 4 // the length of the field grows by four digits
  const sealed = sealMessage(Message.of(['t', 'x'.repeat(room)]), ring, 'netstring')
  t.is('reason' in sealed ? 0 : sealed.length, datagramBytesMax)
  const refused = sealMessage(Message.of(['t', 'x'.repeat(room + 1)]), ring, 'netstring')
  t.true('reason' in refused && refused.reason.includes(`${datagramBytesMax + 1} bytes`))
})

test('a key ring needs the key that the auth line names', t => {
  t.is(keyRing(2, [{ number: 1, method: 'sha1', key: Buffer.from('secret') }]), null)
})

test('a ring signs with another of its keys, and with its own where it lacks that one', t => {
  const ring = keyRing(1, [
    { number: 1, method: 'sha1', key: Buffer.from('one') },
    { number: 2, method: 'md5', key: Buffer.from('two') },
  ])!
  t.is(signingWith(ring, 2).outgoing.number, 2)
  t.is(signingWith(ring, 3), ring)
  t.is(signingWith(ring, undefined), ring)
})
