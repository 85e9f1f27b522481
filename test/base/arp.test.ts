import test from 'ava'
import fc from 'fast-check'
import { arpFrames, arpProbe, arpSender } from '../../src/base/arp.js'

const mac = Uint8Array.from([2, 0, 0, 0, 0, 7])
const address = Uint8Array.from([10, 0, 0, 1])

test('an ARP probe asks for the address and names no sender address, as RFC 5227 has it', t => {
  const hex = Buffer.from(arpProbe(mac, address)).toString('hex')
  // Destination, source, type; hardware, protocol, lengths, request; sender 0.0.0.0; target.
  const ethernet = `${'ff'.repeat(6)}0200000000070806`
  t.is(hex, `${ethernet}0001080006040001020000000007000000000000000000000a000001`)
})

test('who announces an address is read from both frames of an announcement', t => {
  for (const frame of arpFrames(mac, address))
    t.deepEqual(arpSender(frame), { mac: '02:00:00:00:00:07', address: '10.0.0.1' })
  t.is(arpSender(arpProbe(mac, address))?.address, '0.0.0.0')
})

test('what is not ARP for IPv4 over Ethernet says nothing, whatever its bytes', t => {
  const frame = arpFrames(mac, address)[0] ?? new Uint8Array()
  t.is(arpSender(frame.subarray(0, 41)), null)
  t.is(arpSender(frame.with(12, 0x86)), null)
  t.is(arpSender(frame.with(18, 8)), null)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => arpSender(bytes) === null || bytes.length >= 42),
  )
})
