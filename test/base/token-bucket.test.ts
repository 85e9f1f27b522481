import test from 'ava'
import fc from 'fast-check'
import { TokenBucket } from '../../src/base/token-bucket.js'

test('whoever asks how often, the rate is not exceeded but for the first burst', t => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 400 }), pauses => {
      const rate = new TokenBucket(40, 20, 0)
      let nowMs = 0
      let allowed = 0
      for (const pause of pauses) {
        nowMs += pause
        if (rate.allows(nowMs)) allowed++
      }
      t.true(allowed <= 40 + (nowMs * 20) / 1000 + 1e-6)
    }),
  )
})
