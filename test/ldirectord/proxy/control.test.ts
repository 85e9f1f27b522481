import test from 'ava'
import fc from 'fast-check'
import { CONTROL_VERSION, decodeRequest } from '../../../src/ldirectord/proxy/core/control.js'
import { encodeLine, LineSplitter } from '../../../src/ldirectord/proxy/core/json-lines.js'
import { destinationOf, serviceOf, tcp } from './table-values.js'

test('a request comes out as it went in, wherever the stream is cut', t => {
  const key = tcp('127.0.0.5', 80)
  const request = {
    version: CONTROL_VERSION,
    id: 7,
    op: 'apply' as const,
    edits: [
      { kind: 'addService' as const, service: serviceOf(key) },
      { kind: 'addDestination' as const, key, destination: destinationOf('::1', 80, { weight: 0 }) },
      { kind: 'deleteService' as const, key },
    ],
  }
  const bytes = Buffer.from(encodeLine(request) + encodeLine({ ...request, id: 8 }))
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(bytes.length), (a, b) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)]
      const splitter = new LineSplitter(10_000)
      const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
      const lines = pieces.flatMap(piece => splitter.push(piece) ?? ['too long'])
      t.deepEqual(lines.map(decodeRequest), [request, { ...request, id: 8 }])
    }),
    { numRuns: 200 },
  )
})

test('a line longer than the limit ends the conversation, complete or not', t => {
  t.is(new LineSplitter(10).push(Buffer.from('12345678901')), null)
  t.is(new LineSplitter(10).push(Buffer.from('12345678901\n')), null)
  t.deepEqual(new LineSplitter(10).push(Buffer.from('1234567890\n')), ['1234567890'])
})

test('whatever comes as a request, the answer is a reason and never an exception', t => {
  t.deepEqual(decodeRequest('{"version":1,"id":1,"op":"read"}'), {
    id: 1,
    reason: `this proxy speaks version ${CONTROL_VERSION}: restart it`,
  })
  const edit = { kind: 'addDestination', key: tcp('127.0.0.5', 80), destination: { address: 5 } }
  t.true(
    'reason' in
      decodeRequest(JSON.stringify({ version: CONTROL_VERSION, id: 1, op: 'apply', edits: [edit] })),
  )
  fc.assert(fc.property(fc.string(), text => 'reason' in decodeRequest(text)))
  fc.assert(fc.property(fc.json(), text => 'reason' in decodeRequest(text)))
})
