import { createHmac } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { type HmacMethod, hmac } from '../../../src/heartbeat/wire/hmac.js'

const METHODS: readonly HmacMethod[] = ['md5', 'sha1']

test('an HMAC is the one of Node, for every key and message, whatever was signed before', t => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 130 })
  const messages = fc.array(fc.uint8Array({ maxLength: 5_000, size: 'max' }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(...METHODS), key, messages, (method, key, messages) => {
      for (const message of messages) {
        const expected = createHmac(method, key).update(message).digest('hex')
        t.is(hmac(method, key, message), expected)
        t.is(hmac(method, key, Buffer.from(message).toString('latin1')), expected)
      }
    }),
    { numRuns: 60 },
  )
})

// RFC 2202, test cases 2 and 6 of each method: a short key, and one longer than a block.
const CASES = [
  ['md5', Buffer.from('Jefe'), 'what do ya want for nothing?', '750c783e6ab0b503eaa86e310a5db738'],
  [
    'md5',
    Buffer.alloc(80, 0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
  ],
  ['sha1', Buffer.from('Jefe'), 'what do ya want for nothing?', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  [
    'sha1',
    Buffer.alloc(80, 0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    'aa4ae5e15272d00e95705637ce8a3b55ed402112',
  ],
] as const

test('the HMACs of RFC 2202 come out', t => {
  for (const [method, key, message, expected] of CASES) t.is(hmac(method, key, message), expected)
})
