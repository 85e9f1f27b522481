import test from 'ava'
import { decodeEchoReply, encodeEchoRequest } from '../../../src/heartbeat/wire/icmp-echo.js'
import { isRefusal } from '../../../src/heartbeat/wire/message.js'
import { openPacket, sealMessage } from '../../../src/heartbeat/wire/packet.js'
import { isPingStatusOf, pingStatus } from '../../../src/heartbeat/wire/ping-status.js'
import { keyRing } from '../../../src/heartbeat/wire/signature.js'
import { readCapture } from '../../captures/read-pcap.js'

const ring = keyRing(1, [{ number: 1, method: 'sha1', key: Buffer.from('hbw-secret') }])!
const recorded = readCapture('ping-icmp').map(({ payload }) => payload)

test('the original takes and gives the bytes that we put into an echo', t => {
  t.true(recorded.length > 10)
  for (const payload of recorded) {
    const ts = /ts=([0-9a-f]+)/.exec(payload.toString('latin1'))?.[1] ?? ''
    const ours = sealMessage(pingStatus('10.77.0.254', 'ping', ts), ring, 'classic')
    if (isRefusal(ours)) return t.fail(ours.reason)
    t.is(ours.toString('latin1'), payload.toString('latin1'))
  }
})

test('an answer is believed only with our signature, and only about the node that was asked', t => {
  const ours = sealMessage(pingStatus('10.77.0.254', 'ping', '6b00fca3'), ring, 'classic')
  if (isRefusal(ours)) return t.fail(ours.reason)
  const opened = openPacket(ours, ring)
  if (isRefusal(opened)) return t.fail(opened.reason)
  t.true(isPingStatusOf('10.77.0.254', opened.message))
  t.false(isPingStatusOf('10.77.0.253', opened.message))
  const forged = Buffer.from(ours.toString('latin1').replace('src=10.77.0.254', 'src=10.77.0.253'), 'latin1')
  t.true(isRefusal(openPacket(forged, ring)))
})

test('an echo request has the checksum of RFC 1071, and a reply with one wrong bit is not heard', t => {
  const request = encodeEchoRequest({ id: 0x1234, sequence: 1, data: Buffer.from('abc') }, 4)
  // 0x0800 + 0x1234 + 0x0001 + 0x6162 + 0x6300 = 0xde97, of which the complement is 0x2168.
  t.is(request.toString('hex'), '0800216812340001616263')
  const reply = Buffer.from(request)
  reply[0] = 0
  reply.writeUInt16BE(request.readUInt16BE(2) + 0x0800, 2)
  t.deepEqual(decodeEchoReply(reply, 4)?.data, Buffer.from('abc'))
  t.is(decodeEchoReply(request, 4), null)
  for (let bit = 0; bit < reply.length * 8; bit++) {
    const damaged = Buffer.from(reply)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    t.is(decodeEchoReply(damaged, 4), null)
  }
})

test("an echo of version 6 has its own types (RFC 4443), and its checksum is the kernel's", t => {
  const request = encodeEchoRequest({ id: 0x1234, sequence: 1, data: Buffer.from('abc') }, 6)
  t.is(request.toString('hex'), '8000000012340001616263')
  const reply = Buffer.from('8100beef12340001616263', 'hex')
  t.deepEqual(decodeEchoReply(reply, 6)?.data, Buffer.from('abc'))
  t.is(decodeEchoReply(request, 6), null)
  t.is(decodeEchoReply(reply, 4), null)
})
