import { isIP } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import { isIPv4 } from '../../src/base/ipv4.js'
import { isIPv6 } from '../../src/base/ipv6.js'
import { isIPv4Multicast } from '../../src/heartbeat/config/addresses.js'

const piece = fc.constantFrom(
  '0',
  '1',
  '01',
  '255',
  '256',
  'ff',
  '10000',
  'g',
  '',
  ':',
  '::',
  '.',
  '192.0.2.1',
)
const nearlyAddress = fc.array(fc.tuple(piece, fc.constantFrom(':', '.', '')), { maxLength: 10 })

test('what is an address is what the system takes for one, for texts that nearly are', t => {
  fc.assert(
    fc.property(nearlyAddress, pieces => {
      const text = pieces.flat().join('')
      t.deepEqual([isIPv4(text), isIPv6(text)], [isIP(text) === 4, isIP(text) === 6], text)
    }),
    { numRuns: 5_000 },
  )
})

test('a group whose octets have leading zeros is refused, as by inet_pton', t => {
  t.true(isIPv4Multicast('239.1.2.3'))
  t.false(isIPv4Multicast('239.01.2.3'))
})
