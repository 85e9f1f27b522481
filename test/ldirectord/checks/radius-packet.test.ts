// Packets of RADIUS against the example of RFC 2865 (section 7.1) and against requests of ldirectord 4.12.
import { createHash, createHmac } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { encodeAccessRequest, readAnswer } from '../../../src/ldirectord/checks/core/radius-packet.js'
import { recording } from './recorded.js'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** Attributes by type. */
function attributes(packet: Buffer): Map<number, string> {
  const found = new Map<number, string>()
  for (let at = 20; at < packet.length; at += packet[at + 1]!)
    found.set(packet[at]!, packet.subarray(at + 2, at + packet[at + 1]!).toString('hex'))
  return found
}

const nemo = {
  identifier: 0,
  authenticator: hex('0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a'),
  login: 'nemo',
  passwd: 'arctangent',
  secret: 'xyzzy5461',
  nasAddress: hex('c0 a8 01 10'),
}
const ACCEPT = hex(
  '02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8 01 03',
)

test('the password of the example of RFC 2865 is hidden as printed there', t => {
  const found = attributes(encodeAccessRequest(nemo))
  t.is(found.get(1), Buffer.from('nemo').toString('hex'))
  t.is(found.get(2), '0dbe708d93d413ce3196e43f782a0aee')
  t.is(found.get(4), 'c0a80110')
})

test('the accept of the example of RFC 2865 is signed, with any bit changed it is not', t => {
  const request = encodeAccessRequest(nemo)
  t.deepEqual(readAnswer(ACCEPT, request, nemo.secret), { kind: 'answer', code: 2 })
  t.deepEqual(readAnswer(ACCEPT, request, 'xyzzy5462'), { kind: 'unsigned' })
  for (let bit = 0; bit < ACCEPT.length * 8; bit++) {
    const changed = Buffer.from(ACCEPT)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    t.not(readAnswer(changed, request, nemo.secret).kind, 'answer', `bit ${bit}`)
  }
})

for (const name of ['radius', 'radius-reject', 'radius-long-password']) {
  test(`${name}: user, password and address are the bytes of ldirectord 4.12`, t => {
    const { sent, settings } = recording(name)
    const original = Buffer.from(sent!, 'latin1')
    const ours = encodeAccessRequest({
      identifier: original[1]!,
      authenticator: original.subarray(4, 20),
      login: settings.login!,
      passwd: settings.passwd!,
      secret: settings.secret!,
      nasAddress: Buffer.from([127, 0, 0, 1]),
    })
    const { 80: _signature, ...rest } = Object.fromEntries(attributes(ours))
    t.deepEqual(rest, Object.fromEntries(attributes(original)))
    t.is(ours.readUInt16BE(2), ours.length)
  })
}

test('the Message-Authenticator is the HMAC-MD5 of the packet with zeros in its place (RFC 3579, 3.2)', t => {
  const packet = encodeAccessRequest(nemo)
  const bare = Buffer.from(packet)
  bare.fill(0, 22, 38)
  t.deepEqual([packet[20], packet[21]], [80, 18])
  t.deepEqual(packet.subarray(22, 38), createHmac('md5', nemo.secret).update(bare).digest())
})

test('an answer with a wrong Message-Authenticator is not believed, with a right one it is', t => {
  const request = encodeAccessRequest(nemo)
  const asked = request.subarray(4, 20)
  const answerWith = (signature: Buffer): Buffer => {
    const head = Buffer.from([2, 0, 0, 38])
    const attribute = Buffer.concat([Buffer.from([80, 18]), signature])
    const signed = Buffer.concat([head, asked, attribute, Buffer.from(nemo.secret)])
    return Buffer.concat([head, createHash('md5').update(signed).digest(), attribute])
  }
  const bare = Buffer.concat([Buffer.from([2, 0, 0, 38]), asked, Buffer.from([80, 18]), Buffer.alloc(16)])
  const right = createHmac('md5', nemo.secret).update(bare).digest()
  t.is(readAnswer(answerWith(right), request, nemo.secret).kind, 'answer')
  t.is(readAnswer(answerWith(Buffer.alloc(16)), request, nemo.secret).kind, 'unsigned')
})

test('no datagram makes the reader throw, and none that is not signed is an answer', t => {
  const request = encodeAccessRequest({ ...nemo, nasAddress: null })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      const datagram = Buffer.from(bytes)
      if (datagram.length > 1) datagram[1] = 0
      return readAnswer(datagram, request, nemo.secret).kind !== 'answer'
    }),
  )
  t.pass()
})
