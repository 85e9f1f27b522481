import test from 'ava'
import fc from 'fast-check'
import { ControlRate, parseControlRequest, RATE_PER_SECOND } from '../../../src/heartbeat/api/control.js'

test('a request is a known word on a line; a line that grows without end is none', t => {
  t.is(parseControlRequest('status\n'), 'status')
  t.is(parseControlRequest('watch\r\nmore'), 'watch')
  t.is(parseControlRequest('stat'), null)
  t.is(parseControlRequest('stop\n'), undefined)
  t.is(parseControlRequest('x'.repeat(65)), undefined)
})

test('whoever asks how often, the rate is not exceeded but for the first burst', t => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 400 }), pauses => {
      const rate = new ControlRate(0)
      let nowMs = 0
      let allowed = 0
      for (const pause of pauses) {
        nowMs += pause
        if (rate.allows(nowMs)) allowed++
      }
      t.true(allowed <= 40 + (nowMs * RATE_PER_SECOND) / 1000 + 1e-6)
    }),
  )
})
