import test from 'ava'
import fc from 'fast-check'
import { arpAnswer, arpFrames, arpProbe } from '../../src/base/arp.js'

const mac = Uint8Array.from([2, 0, 0, 0, 0, 7])
const address = Uint8Array.from([10, 0, 0, 1])

test('an ARP probe asks for the address and names no sender address, as RFC 5227 has it', t => {
  const hex = Buffer.from(arpProbe(mac, address)).toString('hex')
  // Destination, source, type; hardware, protocol, lengths, request; sender 0.0.0.0; target.
  const ethernet = `${'ff'.repeat(6)}0200000000070806`
  t.is(hex, `${ethernet}0001080006040001020000000007000000000000000000000a000001`)
})

/** RFC 826: a reply of 02:..:09, which has 10.0.0.1, to 02:..:07, who asked. */
const REPLY = Buffer.from(
  `020000000007${'020000000009'}0806${'0001080006040002'}${'020000000009'}0a000001${'020000000007'}00000000`,
  'hex',
)

test('a reply that is sent to us tells who has the address', t => {
  t.deepEqual(arpAnswer(REPLY, mac), { mac: '02:00:00:00:00:09', address: '10.0.0.1' })
})

test('an announcement to all, a question and a reply to somebody else are no answers', t => {
  const former = Uint8Array.from([2, 0, 0, 0, 0, 9])
  for (const frame of [...arpFrames(former, address), arpProbe(former, address)])
    t.is(arpAnswer(frame, mac), null)
  t.is(arpAnswer(REPLY, former), null)
})

test('what is not ARP for IPv4 over Ethernet says nothing, whatever its bytes', t => {
  t.is(arpAnswer(REPLY.subarray(0, 41), mac), null)
  t.is(arpAnswer(REPLY.fill(0x86, 12, 13), mac), null)
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      bytes => arpAnswer(bytes, mac) === null || bytes.length >= 42,
    ),
  )
})

test('the frames of a gratuitous ARP are those of RFC 5227: a request and a reply about oneself', t => {
  const [request, reply] = arpFrames(Buffer.from('020000000001', 'hex'), Buffer.from([10, 0, 0, 1]))
  const hex = (frame?: Uint8Array): string => Buffer.from(frame ?? []).toString('hex')
  t.is(
    hex(request),
    'ffffffffffff0200000000010806' + '0001080006040001' + '0200000000010a000001' + '0000000000000a000001',
  )
  t.is(hex(reply).slice(40, 44), '0002')
  t.is(hex(reply).slice(-20), 'ffffffffffff0a000001')
})
