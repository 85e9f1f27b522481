import test from 'ava'
import { parseControlRequest } from '../../../src/heartbeat/api/control.js'

test('a request is a known word on a line; a line that grows without end is none', t => {
  t.is(parseControlRequest('status\n'), 'status')
  t.is(parseControlRequest('watch\r\nmore'), 'watch')
  t.is(parseControlRequest('stat'), null)
  t.is(parseControlRequest('stop\n'), undefined)
  t.is(parseControlRequest('x'.repeat(65)), undefined)
})
