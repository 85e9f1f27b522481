import test from 'ava'
import fc from 'fast-check'
import { DURATION_MS_MAX, parseDurationMs, printDuration } from '../../src/base/duration.js'

// Verdicts of heartbeat 3.0.6 on "keepalive X" (test/heartbeat/config/corpus) and the grammar of its reference.
const accepted: [string, number][] = [
  ['1', 1000],
  ['2', 2000],
  ['1.5', 1500],
  ['.5', 500],
  ['1.', 1000],
  ['1.2.3', 1200],
  ['500ms', 500],
  ['500MSEC', 500],
  ['500000us', 500],
  ['500000usec', 500],
  ['0.5ms', 1],
  ['0', 0],
  ['.', 0],
]
for (const [text, ms] of accepted) {
  test(`"${text}" is ${ms} ms`, t => t.is(parseDurationMs(text), ms))
}

for (const text of ['', 'ten', '1s', '1sec', '1m', '+1', '-1', '1e0', '1 ms', 'ms', '"1"', '0x10', '1,5']) {
  test(`"${text}" is no time`, t => t.is(parseDurationMs(text), null))
}

test('a time that no timer can hold is cut', t => {
  t.is(parseDurationMs('99999999999999999999'), DURATION_MS_MAX)
})

test('a printed time reads as the same time', t => {
  fc.assert(fc.property(fc.nat(DURATION_MS_MAX), ms => parseDurationMs(printDuration(ms)) === ms))
  t.pass()
})
