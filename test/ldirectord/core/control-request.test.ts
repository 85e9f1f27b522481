import test from 'ava'
import fc from 'fast-check'
import { parseRequest } from '../../../src/ldirectord/core/control-request.js'

test('status and plan are words, drains are objects', t => {
  t.deepEqual(parseRequest('status'), { kind: 'status' })
  t.deepEqual(parseRequest('plan'), { kind: 'plan' })
  const drain = { kind: 'drain', server: 'a', virtual: null, who: 'ann', reason: '', untilMs: 5 } as const
  t.deepEqual(parseRequest(JSON.stringify(drain)), { ...drain, weight: 0 })
  t.deepEqual(parseRequest(JSON.stringify({ ...drain, weight: 3 })), { ...drain, weight: 3 })
  t.deepEqual(parseRequest('{"kind":"undrain","server":"a","virtual":"b"}'), {
    kind: 'undrain',
    server: 'a',
    virtual: 'b',
  })
})

const WRONG = [
  '',
  'stop',
  'null',
  '[]',
  '{"kind":"drain","server":"a","virtual":null}',
  '{"kind":"drain","server":7,"virtual":null,"who":"x","reason":"","untilMs":null}',
  '{"kind":"drain","server":"a","virtual":null,"who":"x","reason":"","untilMs":"soon"}',
  '{"kind":"drain","server":"a","virtual":null,"who":"x","reason":"","untilMs":null,"weight":-1}',
  '{"kind":"undrain","server":"a"}',
]
for (const text of WRONG)
  test(`${text || 'an empty line'} is no request`, t => t.is(parseRequest(text), null))

test('no line makes the reader throw', t => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => void t.notThrows(() => parseRequest(text))))
})
