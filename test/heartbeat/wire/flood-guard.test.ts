import test from 'ava'
import { FloodGuard, REFUSED_PER_SECOND } from '../../../src/heartbeat/wire/flood-guard.js'

/** How many of these packets are judged; none of them is accepted. */
function judged(guard: FloodGuard, addresses: readonly string[], nowMs: number): number {
  let count = 0
  for (const address of addresses) {
    if (guard.ignores(address, nowMs)) continue
    count++
    guard.refused(address)
  }
  return count
}
const from = (address: string, count: number): string[] => Array.from({ length: count }, () => address)

test('a flood of refused packets is judged up to a limit in each second', t => {
  const guard = new FloodGuard()
  t.is(judged(guard, from('a', 10_000), 0), REFUSED_PER_SECOND)
  t.is(judged(guard, from('a', 10_000), 999), 0)
  t.is(judged(guard, from('b', 10), 999), 10)
  t.is(judged(guard, from('a', 10_000), 1_000), REFUSED_PER_SECOND)
  t.is(guard.ignored, 29_600)
})

test('who has been accepted once is listened to, whatever is forged in its name', t => {
  const guard = new FloodGuard()
  t.is(judged(guard, from('peer', 10_000), 0), REFUSED_PER_SECOND)
  t.false(guard.ignores('peer', 1_000))
  guard.accepted('peer')
  t.is(judged(guard, from('peer', 10_000), 1_000), 10_000)
})

test('a flood from ever new addresses does not lock out a new one', t => {
  const guard = new FloodGuard()
  const many = Array.from({ length: 100_000 }, (_, at) => `address ${at}`)
  t.is(judged(guard, many, 0), many.length)
  t.is(judged(guard, from('late', 10_000), 0), 10_000)
})
