import test from 'ava'
import { encodeClassicLines } from '../../../src/heartbeat/wire/classic.js'
import { isRefusal } from '../../../src/heartbeat/wire/message.js'
import { encodeNetstring } from '../../../src/heartbeat/wire/netstring.js'
import { decodePacket, openPacket, type Packet, sealMessage } from '../../../src/heartbeat/wire/packet.js'
import { type AuthKey, isDigest, keyRing } from '../../../src/heartbeat/wire/signature.js'
import { captureNames, readCapture } from '../../captures/read-pcap.js'

// Every packet that heartbeat 3.0.6 ever sent before a recorder. Keys: test/captures/README.md.

const sha1 = (number: number, key: string): AuthKey => ({ number, method: 'sha1', key: Buffer.from(key) })
const secret = sha1(1, 'hbw-secret')

function keysOf(capture: string): AuthKey[] {
  switch (capture.replace(/-(classic|netstring)$/, '')) {
    case 'auth-crc':
      return [{ number: 2, method: 'crc', key: Buffer.of() }]
    case 'auth-md5':
      return [{ number: 1, method: 'md5', key: Buffer.from('hbw-md5-key') }]
    case 'auth-sha1':
      return [sha1(3, 'hbw-sha1-key')]
    case 'key-rotation':
    case 'reload-keys-alpha-knows-both':
    case 'reload-keys-beta-uses-2':
      return [secret, sha1(2, 'new-secret')]
    default:
      return [secret]
  }
}

/** How many packets must be refused, and why; all others must verify. */
const refused: Record<string, Record<string, number>> = {
  'wrong-key': { 'wrong-digest': 35 },
  forge: { 'wrong-digest': 2 },
}

const names = captureNames()

test('the recordings are all there', t => {
  t.is(names.length, 71)
  const six = names.filter(name => name.startsWith('auth-')).flatMap(readCapture)
  t.is(six.filter(packet => packet.protocol === 'udp').length, 379)
})

/** The outgoing key of whoever sent this packet. */
function signerOf(packet: Packet, keys: readonly AuthKey[]) {
  return keyRing(packet.authNumber, keys)!
}

for (const name of names) {
  test(`${name}: every packet decodes, verifies and encodes to the same bytes`, t => {
    const keys = keysOf(name)
    const ring = keyRing(keys[0]!.number, keys)!
    const faults: Record<string, number> = {}
    for (const { payload } of readCapture(name)) {
      const packet = openPacket(payload, ring)
      if (isRefusal(packet)) {
        faults[packet.fault] = (faults[packet.fault] ?? 0) + 1
        const undecoded = decodePacket(payload)
        t.false(isRefusal(undecoded), 'a packet of the original with a bad signature still decodes')
        continue
      }
      if (packet.form === 'classic') {
        const text = Buffer.concat([
          Buffer.from('>>>\n'),
          encodeClassicLines(packet.message),
          Buffer.from('<<<\n\0'),
        ])
        t.deepEqual(text, payload)
        continue
      }
      const signer = signerOf(packet, keys)
      const inner = packet.message.text('auth')
      const format = inner === undefined ? 'netstring' : 'classic'
      t.deepEqual(sealMessage(packet.message.without('auth'), signer, format), payload)
      t.deepEqual(encodeNetstring(packet.message), packet.signedBytes)
    }
    t.deepEqual(faults, refused[name] ?? {})
  })
}

test('the inner auth field of every classic-mode packet covers its classic text', t => {
  let checked = 0
  for (const name of names.filter(name => /^auth-.*-classic$/.test(name))) {
    for (const { payload } of readCapture(name)) {
      const packet = decodePacket(payload)
      if (isRefusal(packet)) return t.fail(packet.reason)
      const [number, hex] = packet.message.text('auth')!.split(' ')
      t.is(Number(number), packet.authNumber)
      t.true(isDigest(keysOf(name)[0]!, encodeClassicLines(packet.message.without('auth')), hex!))
      checked++
    }
  }
  t.is(checked, 192)
})

test('of two nodes that know both keys each hears the other, whichever signs with which', t => {
  for (const outgoing of [1, 2]) {
    const ring = keyRing(outgoing, keysOf('key-rotation'))!
    const numbers = new Set(
      readCapture('key-rotation').map(({ payload }) => {
        const packet = openPacket(payload, ring)
        return isRefusal(packet) ? packet.reason : packet.authNumber
      }),
    )
    t.deepEqual(numbers, new Set([1, 2]))
  }
})
