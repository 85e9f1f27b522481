import test from 'ava'
import { patienceFor } from '../../../src/ldirectord/core/patience.js'
import { config, real, virtual } from '../sample-config.js'

// docs/ldirectord.md, "Many servers": 0.3 s beyond the last answer, at most 0.3 s and half a millisecond a server.
test('a load has patience for half a millisecond a real server, and 0.3 s', t => {
  const reals = Array.from({ length: 10 }, (_, index) => real(`10.0.1.${index + 1}:80`))
  const both = config([virtual('10.0.0.1:80', reals), virtual('10.0.0.2:80', reals)])
  t.deepEqual(patienceFor(both), { quietMs: 300, latestMs: 310 })
})
